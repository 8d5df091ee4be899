/**
 * Prometheus' text format, version 0.0.4 (https://prometheus.io/docs/instrumenting/exposition_formats/). OpenMetrics is not offered: it demands counters
 * named `…_total`, which Triton's are not.
 */
export interface Metric<Of> {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram' | 'summary';
  readonly help: string;
  readonly samples: (of: Of) => readonly Sample[];
}

export interface Sample {
  readonly labels: Labels;
  readonly value: number;
  /** Of a histogram or a summary: what of it this is. */
  readonly part?: '_bucket' | '_sum' | '_count';
}

export type Labels = Readonly<Record<string, string>>;

/** Every metric with its help, its type and its samples. Samples of one name and the same labels are one: a scrape with a doubled one is refused whole. */
export function expositionText<Of>(metrics: readonly Metric<Of>[], of: Of): string {
  return metrics.map((metric) => metricText(metric, of)).join('');
}

function metricText<Of>({ name, type, help, samples }: Metric<Of>, of: Of): string {
  const lines = new Map<string, number>();
  for (const { labels, value, part = '' } of samples(of)) {
    const series = `${name}${part}${labelsText(labels)}`;
    lines.set(series, (lines.get(series) ?? 0) + value);
  }
  const escaped = help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
  return [
    `# HELP ${name} ${escaped}`,
    `# TYPE ${name} ${type}`,
    ...[...lines].map(([series, value]) => `${series} ${numberText(value)}`),
    '',
  ].join('\n');
}

function labelsText(labels: Labels): string {
  const pairs = Object.entries(labels).map(
    ([name, value]) => `${name}="${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`,
  );
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function numberText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (Number.isFinite(value)) return String(value);
  return value > 0 ? '+Inf' : '-Inf';
}
