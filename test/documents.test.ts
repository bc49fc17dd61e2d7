import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

const DOCUMENTS = execFileSync('git', ['ls-files', '*.md'], { encoding: 'utf8' }).trim().split('\n');

/** Returns the links to files of this checkout, without their anchors. */
function linksOf(document: string): readonly string[] {
  const links = readFileSync(document, 'utf8').matchAll(/\]\((?!https?:|#)([^)#]+)[^)]*\)/gu);
  return [...links].map(([, target = '']) => path.join(path.dirname(document), target));
}

test.each(DOCUMENTS)('every link of %s leads somewhere', (document) => {
  expect(linksOf(document).filter((target) => !existsSync(target))).toEqual([]);
});

test('the threat model names its evidence', () => {
  const tests = linksOf('.github/SECURITY.md').filter((target) => target.endsWith('.test.ts'));
  expect(new Set(tests).size).toBeGreaterThan(20);
});
