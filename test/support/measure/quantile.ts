/** The `q` quantile by nearest rank; NaN for an empty list. */
export function quantile(numbers: readonly number[], q: number): number {
  return numbers.toSorted((a, b) => a - b)[Math.max(0, Math.ceil(q * numbers.length) - 1)] ?? Number.NaN;
}
