-- The recordings that a search finds, in its order, each with the steps of the life, of those from $1 to $2, at which it does.
SELECT id, array_agg(step ORDER BY step)
FROM version JOIN step ON step BETWEEN since AND until - 1
WHERE step BETWEEN $1::int AND $2::int
    AND (held OR shows < expires_at)
    AND username = ANY (coalesce($3::text[], ARRAY[username]))
    AND username = coalesce($4::text, username)
    AND username LIKE '%' || lower(coalesce($5::text, '')) || '%'
    AND started_at >= coalesce($6::text::timestamptz, '-infinity')
    AND started_at < coalesce($7::text::timestamptz, 'infinity')
    AND ($8::bigint IS NULL OR state = 'stored' AND ms >= $8)
    AND ($9::bigint IS NULL OR state = 'stored' AND ms <= $9)
    AND counterpart = coalesce($10::text, counterpart)
    AND dialled(counterpart, $11::text)
    AND direction = coalesce($12::text, direction)
    AND coalesce(mark, 'none') = coalesce($13::text, mark, 'none')
    AND says(note_words, $14::text)
    AND says(f1_words, $15::text)
    AND says(f2_words, $16::text)
    AND says(f3_words, $17::text)
    AND says(f1_words || f2_words || f3_words, $18::text)
    AND held = coalesce($19::boolean, held)
    AND state = coalesce($20::text, state)
GROUP BY started_at, id
ORDER BY CASE WHEN $21::boolean THEN started_at END DESC, CASE WHEN $21 THEN id END DESC, started_at, id
