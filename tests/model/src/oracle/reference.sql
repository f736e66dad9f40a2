-- A second definition of the filters, independent of the service: PostgreSQL's own text, time and
-- array functions.

-- The words of a text. Accents are separated and dropped except in å, ä and ö; letters are in lower
-- case. Any other character separates words.
CREATE FUNCTION words(content text) RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
    SELECT array_remove(
        regexp_split_to_array(
            regexp_replace(
                replace(replace(replace(lower(normalize(content, NFKD) COLLATE "und-x-icu"), U&'a\030A', 'å'), U&'a\0308', 'ä'), U&'o\0308', 'ö'),
                U&'[\0300-\036F]', '', 'g'),
            '[^[:alnum:]]+'),
        '')
$$;

-- Whether the text contains all wanted words, the last one as a prefix. True if none are wanted.
CREATE FUNCTION has_words(content text[], wanted text[]) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT wanted IS NULL
        OR content @> wanted[:cardinality(wanted) - 1] AND ' ' || array_to_string(content, ' ') LIKE '% ' || wanted[cardinality(wanted)] || '%'
$$;

-- Patterns for the numbers that begin or end with the typed digits: international, national
-- (Sweden) or bare.
CREATE FUNCTION dialled(typed text) RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN typed LIKE '+%' THEN ARRAY['+' || digits || '%']
        WHEN digits LIKE '00%' THEN ARRAY['+' || substr(digits, 3) || '%', '%' || digits]
        WHEN digits LIKE '0%' THEN ARRAY['+46' || substr(digits, 2) || '%', '%' || digits]
        ELSE ARRAY['+' || digits || '%', '%' || digits]
    END
    FROM regexp_replace(typed, '[^0-9]', '', 'g') digits
$$;

-- The versions of the recordings, each from one step of the organisation's life until before
-- another.
CREATE UNLOGGED TABLE version (
    id text COLLATE "C", since int, until int,
    username text, direction text, counterpart text, started_at timestamptz, state text, ms bigint,
    mark text, note text, f1 text, f2 text, f3 text, held boolean, expires_at timestamptz,
    note_words text[] GENERATED ALWAYS AS (words(coalesce(note, ''))) STORED,
    f1_words text[] GENERATED ALWAYS AS (words(coalesce(f1, ''))) STORED,
    f2_words text[] GENERATED ALWAYS AS (words(coalesce(f2, ''))) STORED,
    f3_words text[] GENERATED ALWAYS AS (words(coalesce(f3, ''))) STORED
);

-- The time at each step.
CREATE UNLOGGED TABLE step (step int, shows timestamptz);
