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

-- Whether all that was typed stands among the words, its last word as the beginning of one. Nothing typed: yes.
CREATE FUNCTION says(said text[], typed text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT typed IS NULL OR (
        SELECT said @> wanted[:cardinality(wanted) - 1]
            AND EXISTS (SELECT FROM unnest(said) word WHERE starts_with(word, wanted[cardinality(wanted)]))
        FROM words(typed) wanted)
$$;

-- Whether a number in E.164 form, or 'withheld', begins or ends with the digits that were typed. Nothing typed: yes.
CREATE FUNCTION dialled(number text, typed text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT typed IS NULL OR (
        SELECT CASE
            WHEN typed LIKE '+%' THEN number LIKE '+' || digits || '%'
            WHEN digits LIKE '00%' THEN number LIKE '+' || substr(digits, 3) || '%' OR number LIKE '%' || digits
            WHEN digits LIKE '0%' THEN number LIKE '+46' || substr(digits, 2) || '%' OR number LIKE '%' || digits
            ELSE number LIKE '+' || digits || '%' OR number LIKE '%' || digits
        END
        FROM regexp_replace(typed, '[^0-9]', '', 'g') digits)
$$;

-- What a recording was, from one step of its organisation's life until before another.
CREATE UNLOGGED TABLE version (
    id text COLLATE "C", since int, until int,
    username text, direction text, counterpart text, started_at timestamptz, state text, ms bigint,
    mark text, note text, f1 text, f2 text, f3 text, held boolean, expires_at timestamptz,
    note_words text[] GENERATED ALWAYS AS (words(note)) STORED,
    f1_words text[] GENERATED ALWAYS AS (words(f1)) STORED,
    f2_words text[] GENERATED ALWAYS AS (words(f2)) STORED,
    f3_words text[] GENERATED ALWAYS AS (words(f3)) STORED
);

-- What the clock showed.
CREATE UNLOGGED TABLE step (step int, shows timestamptz);
