import { groupsOf, type PageScore, summaryOf } from '../extraction/scores.ts';

const figure = (n: number): string => n.toFixed(3);

/** Prints F1, precision and recall by corpus and type. */
export function printScores(title: string, scores: PageScore[]): void {
  console.log(title);
  for (const [name, members] of groupsOf(scores)) {
    const { f1, precision, recall } = summaryOf(members);
    const figures = [f1, precision, recall].map((n) => figure(n).padStart(7)).join('');
    console.log(`  ${name.padEnd(24)} ${String(members.length).padStart(5)} ${figures}`);
  }
}
