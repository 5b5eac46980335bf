/** The value of a field, whose repetitions are joined by commas (RFC 9110, section 5.3). */
export function joined(value: string | string[] = ''): string {
  return Array.isArray(value) ? value.join(', ') : value;
}
