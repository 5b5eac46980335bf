/** One line of a report: what was measured, the figure, and the target with whether it is met. */
export function report(what: string, figure: string, target?: { text: string; met: boolean }): void {
  const verdict = target ? `   target ${target.text}: ${target.met ? 'met' : 'MISSED'}` : '';
  console.log(`${what.padEnd(56)} ${figure.padStart(14)}${verdict}`);
}
