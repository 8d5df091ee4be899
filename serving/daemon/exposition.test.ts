import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { type ArmCounts, ArmCounter } from '../replica/counters.ts';
import { watchVitals } from '../replica/vitals.ts';
import { type Exposed, METRICS, expositionOf } from './exposition.ts';
import { expositionText } from './metric.ts';

/** A Python with `prometheus_client`, whose parser is the reference's twin; without one the tests with it are skipped. */
const python = process.env['SLIPWAY_TEST_PYTHON'] ?? 'python3';
const hasParser = spawnSync(python, ['-c', 'import prometheus_client.parser']).status === 0;
const PARSE = `
import json, sys
from prometheus_client.parser import text_string_to_metric_families as parse
families = list(parse(sys.stdin.read()))
print(json.dumps([{"name": f.name, "type": f.type, "help": f.documentation, "samples": [[s.name, s.labels, s.value] for s in f.samples]} for f in families]))`;

function countsOf(model: string, revision: string, requests: number): ArmCounts {
  const counter = new ArmCounter(model, revision);
  for (let index = 0; index < requests; index += 1) {
    counter.answered(2 ** index, index === 0);
    counter.waited(0.1);
    counter.ran(2, 1.5);
  }
  return counter.snapshot();
}

const revision = (of: string, version: string) => ({
  revision: of,
  version,
  digest: 'sha256:0',
  state: 'ready' as const,
  provenance: { approvals: [], checks: [] },
  replicas: ['1'],
});

const exposed: Exposed = {
  fleet: {
    at: '2026-11-21T10:00:00.000Z',
    models: [
      {
        model: 'loans',
        generation: 3,
        arms: [{ revision: 'a', weight: 100 }],
        salt: 'salt',
        replicas: { min: 1, max: 1, target: 4 },
        revisions: [revision('a', '1.0.0'), revision('b', '1.0.0'), revision('c', '2"\\\n0')],
        effective: [{ revision: 'a', weight: 100 }],
        health: 'healthy',
      },
    ],
    replicas: [
      { id: '1', state: 'ready', role: 'public', restarts: 0, rssBytes: 7 },
      { id: '2', state: 'ready', role: 'public', restarts: 0, rssBytes: 7 },
    ],
  },
  arms: [
    countsOf('loans', 'a', 3),
    countsOf('loans', 'b', 2),
    countsOf('loans', 'c', 1),
    countsOf('loans', 'forgotten', 9),
    countsOf('retired', 'a', 9),
  ],
  totals: { written: 5, dropped: 1, unusedInputs: 0, explanations: 3 },
  inFlight: 2,
  restarts: 0,
  waiting: 0,
  processes: [
    { id: '1', role: 'public', queued: 1, connections: 2, vitals: watchVitals()() },
    { id: '2', role: 'public', queued: 0, connections: 0, vitals: undefined },
  ],
  daemon: { ...watchVitals()(), startedAtMs: 1_764_000_000_000 },
  build: { version: '0.1.0', node: '24.0.0' },
};
const text = expositionOf(exposed);
const seriesOf = (name: string): readonly string[] =>
  text.split('\n').filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`));

describe('the metrics', () => {
  it('tell each series once, with help and type before its samples', () => {
    const series = text
      .split('\n')
      .flatMap((line) => (line === '' || line.startsWith('#') ? [] : [line.replace(/ \S+$/, '')]));
    expect(new Set(series).size).toBe(series.length);
    const names = text.split('\n').flatMap((line) => /^# (?:HELP|TYPE) (\S+)/.exec(line)?.[1] ?? []);
    expect(names).toEqual(METRICS.flatMap(({ name }) => [name, name]));
  });

  it('count by version as Triton does, where two revisions have one', () => {
    expect(seriesOf('nv_inference_request_success')).toEqual([
      'nv_inference_request_success{model="loans",version="1.0.0"} 3',
      'nv_inference_request_success{model="loans",version="2\\"\\\\\\n0"} 0',
    ]);
    expect(seriesOf('nv_inference_count')[0]).toBe('nv_inference_count{model="loans",version="1.0.0"} 10');
    expect(seriesOf('nv_inference_request_duration_us')[0]).toBe(
      'nv_inference_request_duration_us{model="loans",version="1.0.0"} 10000',
    );
  });

  it('end with what the fleet has forgotten', () => {
    expect(text).not.toContain('forgotten');
    expect(text).not.toContain('retired');
  });

  it('put buckets in order, the last of them with everything', () => {
    const buckets = seriesOf('slipway_request_duration_seconds_bucket').filter((line) => line.includes('revision="a"'));
    const values = buckets.map((line) => Number(line.split(' ').at(-1)));
    expect(values).toEqual(values.toSorted((a, b) => a - b));
    expect(buckets.at(-1)).toMatch(/le="\+Inf"\} 3$/);
    expect(seriesOf('slipway_request_duration_seconds_sum')[0]).toMatch(/ 0\.007$/);
  });

  it('leave out the histograms of an arm that has counted nothing, and tell its counters', () => {
    const quiet = expositionOf({ ...exposed, arms: [countsOf('loans', 'a', 0)] });
    expect(quiet).toContain('nv_inference_request_success{model="loans",version="1.0.0"} 0');
    expect(quiet).not.toContain('slipway_request_duration_seconds_bucket{');
  });

  it('write what is no number as the format wants it', () => {
    const samples = [Number.NaN, Infinity, -Infinity].map((value, index) => ({ labels: { a: String(index) }, value }));
    expect(expositionText([{ name: 'x', type: 'gauge', help: 'a\\b\nc', samples: () => samples }], undefined)).toBe(
      '# HELP x a\\\\b\\nc\n# TYPE x gauge\nx{a="0"} NaN\nx{a="1"} +Inf\nx{a="2"} -Inf\n',
    );
  });

  it.skipIf(!hasParser)('are read by the parser of prometheus_client as they were written', () => {
    const { stdout, stderr } = spawnSync(python, ['-c', PARSE], { input: text, encoding: 'utf8' });
    expect(stderr).toBe('');
    const families = JSON.parse(stdout) as readonly {
      readonly name: string;
      readonly type: string;
      readonly samples: readonly (readonly [string, Readonly<Record<string, string>>, number])[];
    }[];
    // The parser takes `_total` off a counter's name.
    expect(families.map(({ name, type }) => [name, type])).toEqual(
      METRICS.map(({ name, type }) => [type === 'counter' ? name.replace(/_total$/, '') : name, type]),
    );
    const samples = families.flatMap((family) => family.samples);
    expect(samples.length).toBe(text.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length);
    expect(samples.map(([, labels]) => labels['version'])).toContain('2"\\\n0');
  });
});
