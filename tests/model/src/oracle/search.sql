-- The matches in search order, each with its steps between $1 and $2.
WITH wanted AS MATERIALIZED (
    SELECT dialled($11::text) number, words($14::text) note, words($15::text) f1, words($16::text) f2, words($17::text) f3, words($18::text) any_field
)
SELECT id, array_agg(step ORDER BY step)
FROM wanted, version JOIN step ON step BETWEEN since AND until - 1
WHERE step BETWEEN $1::int AND $2::int
    AND (held OR shows < expires_at)
    AND ($3::text[] IS NULL OR username = ANY ($3))
    AND ($4::text IS NULL OR username = $4)
    AND ($5::text IS NULL OR username LIKE '%' || lower($5) || '%')
    AND ($6::text IS NULL OR started_at >= $6::timestamptz)
    AND ($7::text IS NULL OR started_at < $7::timestamptz)
    AND ($8::bigint IS NULL OR state = 'stored' AND ms >= $8)
    AND ($9::bigint IS NULL OR state = 'stored' AND ms <= $9)
    AND ($10::text IS NULL OR counterpart = $10)
    AND ($11 IS NULL OR counterpart LIKE ANY (wanted.number))
    AND ($12::text IS NULL OR direction = $12)
    AND ($13::text IS NULL OR coalesce(mark, 'none') = $13)
    AND has_words(note_words, wanted.note)
    AND has_words(f1_words, wanted.f1)
    AND has_words(f2_words, wanted.f2)
    AND has_words(f3_words, wanted.f3)
    AND has_words(f1_words || f2_words || f3_words, wanted.any_field)
    AND ($19::boolean IS NULL OR held = $19)
    AND ($20::text IS NULL OR state = $20)
GROUP BY started_at, id
ORDER BY CASE WHEN $21::boolean THEN started_at END DESC, CASE WHEN $21 THEN id END DESC, started_at, id
