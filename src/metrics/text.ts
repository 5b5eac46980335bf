/** A sample: its labels, its value, and the end of its name in a histogram. */
export interface Sample {
  labels: Record<string, string | number>;
  value: number;
  suffix?: '_bucket' | '_sum' | '_count';
}

/**
 * One metric in the Prometheus text format. Label values are ours: none needs escaping but those
 * that `"`, `\` or a line break are in.
 */
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
 * The samples of a histogram. `bins` counts what is at most each edge and above the one before; the
 * last edge may be Infinity.
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
