/** A sample: its labels, its value, and the suffix of its name in a histogram. */
export interface Sample {
  labels: Record<string, string | number>;
  value: number;
  suffix?: '_bucket' | '_sum' | '_count';
}

/** One metric in the Prometheus text format. */
export function metric(
  name: string,
  type: 'counter' | 'gauge' | 'histogram',
  help: string,
  samples: Sample[],
): string {
  const lines = samples.map(
    ({ labels, value, suffix = '' }) => `${name}${suffix}${labelText(labels)} ${value}`,
  );
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines, ''].join('\n');
}

/**
 * The samples of a histogram. `bins[n]` counts what is at most edge n and above the edge before it.
 * The last edge may be Infinity.
 */
export function histogram(labels: Sample['labels'], edges: number[], bins: number[], sum: number): Sample[] {
  let below = 0;
  const buckets = edges.map((edge, n): Sample => {
    below += bins[n] ?? 0;
    return { suffix: '_bucket', labels: { ...labels, le: edge === Infinity ? '+Inf' : edge }, value: below };
  });
  return [...buckets, { suffix: '_sum', labels, value: sum }, { suffix: '_count', labels, value: below }];
}

function labelText(labels: Sample['labels']): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escape(String(value))}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

const escape = (text: string) => text.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n');
