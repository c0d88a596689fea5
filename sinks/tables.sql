-- Tables, rollups and views of the hot store; every statement can be run again.
--
-- $..._columns come from the Avro schemas (sinks/tables.py). Rows are immutable and in Kafka's
-- order; no query needs FINAL. A table remembers the names of the last $window inserts, so that an
-- insert that is repeated changes nothing; so must every table that a view feeds.

CREATE TABLE IF NOT EXISTS inferences $on_cluster (
    $inferences_columns,
    INDEX by_inference_id inference_id TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX by_session_id session_id TYPE bloom_filter(0.01) GRANULARITY 1
) ENGINE = $engine
PARTITION BY toYYYYMM(event_time)
ORDER BY (tenant_id, event_time, inference_id)
SETTINGS $window;

CREATE TABLE IF NOT EXISTS signals $on_cluster (
    $signals_columns,
    INDEX by_inference_id inference_id TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX by_event_id event_id TYPE bloom_filter(0.001) GRANULARITY 1
) ENGINE = $engine
PARTITION BY toYYYYMM(event_time)
ORDER BY (tenant_id, event_time, event_id)
SETTINGS $window;

CREATE TABLE IF NOT EXISTS metrics $on_cluster (
    $metrics_columns
) ENGINE = $engine
PARTITION BY toYYYYMM(window_start)
ORDER BY (tenant_id, window_start, model_version, prompt_version, segment, revision)
SETTINGS $window;

CREATE TABLE IF NOT EXISTS actions $on_cluster (
    $actions_columns
) ENGINE = $engine
PARTITION BY toYYYYMM(event_time)
ORDER BY (tenant_id, event_time, action_id, sequence)
SETTINGS $window;

CREATE TABLE IF NOT EXISTS action_results $on_cluster (
    $action_results_columns
) ENGINE = $engine
PARTITION BY toYYYYMM(event_time)
ORDER BY (tenant_id, event_time, action_id)
SETTINGS $window;

CREATE TABLE IF NOT EXISTS dead_letters $on_cluster (
    $dead_letters_columns
) ENGINE = $engine
PARTITION BY toYYYYMM(event_time)
ORDER BY (stage, event_time, topic, partition, offset)
SETTINGS $window;

-- From which topics the tables were filled: Kafka's ids, another one if a topic was made anew.
CREATE TABLE IF NOT EXISTS source_topics $on_cluster (
    topic String,
    topic_id String
) ENGINE = $engine
ORDER BY (topic, topic_id)
SETTINGS $window;

-- Rollup: signals per minute, kept up at every insert.
CREATE TABLE IF NOT EXISTS signals_per_minute $on_cluster (
    tenant_id LowCardinality(String),
    minute DateTime('UTC'),
    model_version LowCardinality(String),
    prompt_version LowCardinality(String),
    segment LowCardinality(String),
    kind LowCardinality(String),
    join_status LowCardinality(String),
    signals SimpleAggregateFunction(sum, UInt64),
    rated SimpleAggregateFunction(sum, UInt64),
    positive SimpleAggregateFunction(sum, UInt64),
    negative SimpleAggregateFunction(sum, UInt64),
    lag_ms AggregateFunction(quantilesTDigest(0.5, 0.95, 0.99), Int64)
) ENGINE = $aggregating_engine
PARTITION BY toYYYYMM(minute)
ORDER BY (tenant_id, minute, model_version, prompt_version, segment, kind, join_status)
SETTINGS $window;

CREATE MATERIALIZED VIEW IF NOT EXISTS signals_per_minute_feed $on_cluster TO signals_per_minute AS
SELECT
    tenant_id,
    toStartOfMinute(event_time) AS minute,
    model_version,
    prompt_version,
    segment,
    kind,
    join_status,
    count() AS signals,
    countIf(s.rated) AS rated,
    countIf(s.rated AND s.polarity = 1) AS positive,
    countIf(s.rated AND s.polarity = -1) AS negative,
    quantilesTDigestStateIf(0.5, 0.95, 0.99)(assumeNotNull(s.lag_ms), isNotNull(s.lag_ms)) AS lag_ms
FROM signals AS s
GROUP BY tenant_id, minute, model_version, prompt_version, segment, kind, join_status;

-- Rollup: inferences per minute.
CREATE TABLE IF NOT EXISTS inferences_per_minute $on_cluster (
    tenant_id LowCardinality(String),
    minute DateTime('UTC'),
    model_version LowCardinality(String),
    prompt_version LowCardinality(String),
    segment LowCardinality(String),
    status LowCardinality(String),
    inferences SimpleAggregateFunction(sum, UInt64),
    input_tokens SimpleAggregateFunction(sum, Int64),
    output_tokens SimpleAggregateFunction(sum, Int64),
    cost_usd SimpleAggregateFunction(sum, Float64),
    latency_ms AggregateFunction(quantilesTDigest(0.5, 0.95, 0.99), Int32)
) ENGINE = $aggregating_engine
PARTITION BY toYYYYMM(minute)
ORDER BY (tenant_id, minute, model_version, prompt_version, segment, status)
SETTINGS $window;

CREATE MATERIALIZED VIEW IF NOT EXISTS inferences_per_minute_feed $on_cluster
TO inferences_per_minute AS
SELECT
    tenant_id,
    toStartOfMinute(event_time) AS minute,
    model_version,
    prompt_version,
    ifNull(segment, '') AS segment,
    status,
    count() AS inferences,
    sum(toInt64(i.input_tokens)) AS input_tokens,
    sum(toInt64(i.output_tokens)) AS output_tokens,
    sum(ifNull(i.cost_usd, 0)) AS cost_usd,
    quantilesTDigestState(0.5, 0.95, 0.99)(i.latency_ms) AS latency_ms
FROM inferences AS i
GROUP BY tenant_id, minute, model_version, prompt_version, segment, status;

-- How good is each prompt version? Ratings that were taken back do not count.
CREATE OR REPLACE VIEW ratings $on_cluster AS
SELECT *
FROM signals
WHERE rated AND (tenant_id, event_id) NOT IN (
    SELECT tenant_id, retracts FROM signals WHERE kind = 'retract'
);

CREATE OR REPLACE VIEW negative_rate_by_prompt_version $on_cluster AS
SELECT
    tenant_id,
    prompt_version,
    count() AS rated,
    countIf(polarity = -1) AS negative,
    negative / rated AS negative_rate,
    min(event_time) AS first_rating,
    max(event_time) AS last_rating
FROM ratings
GROUP BY tenant_id, prompt_version
ORDER BY tenant_id, prompt_version;

CREATE OR REPLACE VIEW negative_rate_by_model_version $on_cluster AS
SELECT
    tenant_id,
    model_version,
    count() AS rated,
    countIf(polarity = -1) AS negative,
    negative / rated AS negative_rate,
    min(event_time) AS first_rating,
    max(event_time) AS last_rating
FROM ratings
GROUP BY tenant_id, model_version
ORDER BY tenant_id, model_version;

-- Which retrieved documents lie behind bad answers?
CREATE OR REPLACE VIEW worst_documents $on_cluster AS
SELECT
    tenant_id,
    arrayJoin(arrayDistinct(doc_ids)) AS doc_id,
    count() AS rated,
    countIf(polarity = -1) AS negative,
    negative / rated AS negative_rate,
    groupArrayIf(5)(inference_id, polarity = -1) AS examples
FROM ratings
GROUP BY tenant_id, doc_id
ORDER BY negative DESC, negative_rate DESC, doc_id;

-- Signals whose inference was never seen.
CREATE OR REPLACE VIEW orphans $on_cluster AS
SELECT tenant_id, event_time, kind, event_id, inference_id, session_id, source
FROM signals
WHERE join_status = 'orphan'
ORDER BY event_time DESC;

-- How long after an answer does its feedback come, and how long until it is here?
CREATE OR REPLACE VIEW loop_latency $on_cluster AS
SELECT
    tenant_id,
    kind,
    count() AS signals,
    quantileTDigest(0.5)(s.lag_ms) AS lag_p50_ms,
    quantileTDigest(0.95)(s.lag_ms) AS lag_p95_ms,
    quantileTDigest(0.5)(dateDiff('ms', s.event_time, s._arrived_at)) AS arrival_p50_ms,
    quantileTDigest(0.95)(dateDiff('ms', s.event_time, s._arrived_at)) AS arrival_p95_ms
FROM signals AS s
GROUP BY tenant_id, kind
ORDER BY tenant_id, kind;

-- A window's metrics are the sum of its revisions. Effects of actions are no sums: see action_effects.
CREATE OR REPLACE VIEW metrics_by_window $on_cluster AS
SELECT
    tenant_id,
    window_start,
    window_ms,
    model_version,
    prompt_version,
    segment,
    max(m.revision) AS revisions,
    $metric_sums,
    $metric_rates
FROM metrics AS m
WHERE isNull(m.effect_verdict)
GROUP BY tenant_id, window_start, window_ms, model_version, prompt_version, segment
ORDER BY tenant_id, window_start, model_version, prompt_version, segment;

-- How much personal data was replaced, by type? The values themselves are nowhere.
CREATE OR REPLACE VIEW redactions_by_type $on_cluster AS
SELECT
    tenant_id,
    toDate(window_start) AS day,
    pair.1 AS type,
    sum(pair.2) AS redactions
FROM (
    SELECT
        tenant_id,
        window_start,
        arrayJoin(arrayZip(mapKeys(m.redactions), mapValues(m.redactions))) AS pair
    FROM metrics AS m
)
GROUP BY tenant_id, day, type
ORDER BY tenant_id, day, redactions DESC, type;

-- The same, rolled to the hour and to the day (UTC): sums add up, rates are computed from them.
CREATE OR REPLACE VIEW metrics_by_hour $on_cluster AS
SELECT
    tenant_id,
    toStartOfHour(m.window_start, 'UTC') AS hour,
    model_version,
    prompt_version,
    segment,
    $metric_sums,
    $metric_rates
FROM metrics AS m
WHERE isNull(m.effect_verdict)
GROUP BY tenant_id, hour, model_version, prompt_version, segment
ORDER BY tenant_id, hour, model_version, prompt_version, segment;

CREATE OR REPLACE VIEW metrics_by_day $on_cluster AS
SELECT
    tenant_id,
    toDate(m.window_start, 'UTC') AS day,
    model_version,
    prompt_version,
    segment,
    $metric_sums,
    $metric_rates
FROM metrics AS m
WHERE isNull(m.effect_verdict)
GROUP BY tenant_id, day, model_version, prompt_version, segment
ORDER BY tenant_id, day, model_version, prompt_version, segment;

-- The last word on every episode.
CREATE OR REPLACE VIEW open_actions $on_cluster AS
SELECT
    tenant_id,
    action_id,
    argMax(a.rule, a.sequence) AS rule,
    argMax(a.kind, a.sequence) AS kind,
    argMax(a.state, a.sequence) AS state,
    argMax(a.key, a.sequence) AS key,
    min(a.episode_start) AS episode_start,
    max(a.event_time) AS last_change
FROM actions AS a
WHERE a.state != 'measured'
GROUP BY tenant_id, action_id
HAVING state != 'cleared'
ORDER BY episode_start DESC;

-- Did the work on an action help? The rate after it against the rate before.
CREATE OR REPLACE VIEW action_effects $on_cluster AS
SELECT
    tenant_id,
    action_id,
    rule,
    kind,
    key,
    effect_verdict AS verdict,
    effect_metric AS metric,
    effect_dimension AS dimension,
    effect_before AS before,
    effect_after AS after,
    effect_rate_before AS rate_before,
    effect_rate_after AS rate_after,
    effect_n_before AS n_before,
    effect_n_after AS n_after,
    effect_difference_low AS difference_low,
    effect_difference_high AS difference_high,
    effect_since AS since,
    effect_until AS until
FROM actions
WHERE state = 'measured'
ORDER BY until DESC, action_id;
