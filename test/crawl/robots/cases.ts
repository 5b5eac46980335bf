import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseRobots } from '../../../src/crawl/robots.ts';

export const SITE = 'https://example.com';

/** A robots.txt, and paths that it allows and disallows us. */
export interface Case {
  name: string;
  robots: string | string[] | Buffer;
  allowed?: string[];
  disallowed?: string[];
}

/** Our group with these rules. */
export function ours(...rules: string[]): string[] {
  return ['User-agent: Ollagraph', ...rules];
}

/** Declares one test per case. */
export function testCases(title: string, cases: Case[]): void {
  describe(`robots.txt: ${title}`, () => {
    for (const { name, robots, allowed = [], disallowed = [] } of cases) {
      it(name, () => {
        const parsed = parseRobots(Array.isArray(robots) ? robots.join('\n') : robots);
        for (const path of allowed) assert.equal(parsed.allows(SITE + path), true, `${path} is allowed`);
        for (const path of disallowed)
          assert.equal(parsed.allows(SITE + path), false, `${path} is disallowed`);
      });
    }
  });
}
