-- What the filters mean, told once more and without a line of the service's: PostgreSQL's own text, time and array functions.

-- The words of a text. Taken apart to the last accent, in lower case; å, ä and ö put together again, every other accent dropped; what is
-- left between letters and digits parts the words.
CREATE FUNCTION words(said text) RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
    SELECT array_remove(
        regexp_split_to_array(
            regexp_replace(
                replace(replace(replace(lower(normalize(said, NFKD) COLLATE "und-x-icu"), U&'a\030A', 'å'), U&'a\0308', 'ä'), U&'o\0308', 'ö'),
                U&'[\0300-\036F]', '', 'g'),
            '[^[:alnum:]]+'),
        '')
$$;

-- Whether all words that are wanted are said, the last one as the beginning of a word. None wanted: yes.
CREATE FUNCTION says(said text[], wanted text[]) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT wanted IS NULL
        OR said @> wanted[:cardinality(wanted) - 1] AND ' ' || array_to_string(said, ' ') LIKE '% ' || wanted[cardinality(wanted)] || '%'
$$;

-- What a number looks like that begins or ends with the digits that were typed: abroad, at home (Sweden), or without either.
CREATE FUNCTION dialled(typed text) RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN typed LIKE '+%' THEN ARRAY['+' || digits || '%']
        WHEN digits LIKE '00%' THEN ARRAY['+' || substr(digits, 3) || '%', '%' || digits]
        WHEN digits LIKE '0%' THEN ARRAY['+46' || substr(digits, 2) || '%', '%' || digits]
        ELSE ARRAY['+' || digits || '%', '%' || digits]
    END
    FROM regexp_replace(typed, '[^0-9]', '', 'g') digits
$$;

-- What a recording was, from one step of its organisation's life until before another.
CREATE UNLOGGED TABLE version (
    id text COLLATE "C", since int, until int,
    username text, direction text, counterpart text, started_at timestamptz, state text, ms bigint,
    mark text, note text, f1 text, f2 text, f3 text, held boolean, expires_at timestamptz,
    note_words text[] GENERATED ALWAYS AS (words(coalesce(note, ''))) STORED,
    f1_words text[] GENERATED ALWAYS AS (words(coalesce(f1, ''))) STORED,
    f2_words text[] GENERATED ALWAYS AS (words(coalesce(f2, ''))) STORED,
    f3_words text[] GENERATED ALWAYS AS (words(coalesce(f3, ''))) STORED
);

-- What the clock showed.
CREATE UNLOGGED TABLE step (step int, shows timestamptz);
