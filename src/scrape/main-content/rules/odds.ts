/** The probability whose odds are so many times those of the one given. */
export function withOddsTimes(factor: number, p: number): number {
  return (p * factor) / (p * factor + 1 - p);
}
