/** The smallest of the numbers that at least the share `q` of them does not exceed (the nearest rank); NaN of none. */
export function quantile(numbers: readonly number[], q: number): number {
  return numbers.toSorted((a, b) => a - b)[Math.max(0, Math.ceil(q * numbers.length) - 1)] ?? Number.NaN;
}
