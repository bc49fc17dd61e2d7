import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { KEY_MODES, SIZES } from '../bench/cost/cases.ts';
import { rowOf } from '../bench/cost/row.ts';
import { rulesOf } from '../shared/tenant/status.ts';
import type { TenantStatus } from '../shared/tenant/tenant.ts';

const DOCUMENTS = execFileSync('git', ['ls-files', '*.md'], { encoding: 'utf8' }).trim().split('\n');

/** Every status, in the order of the document. */
const STATUSES: { readonly [Status in TenantStatus]: Status } = {
  pending: 'pending',
  active: 'active',
  revoked: 'revoked',
  suspended: 'suspended',
  offboarding: 'offboarding',
  offboarded: 'offboarded',
};

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

test('the README has the table of costs in the form in which the benchmark prints it', () => {
  const cases = SIZES.flatMap((size) => KEY_MODES.map((keyMode) => ({ ...size, keyMode, calls: [] })));
  const [first = {}, ...rows] = cases.map(rowOf);
  const named = [first, ...rows].map(({ Object: size, 'Key mode': keyMode }) => [size, keyMode]);
  const table = tableAfter('## What it costs');
  expect(table[0]).toEqual(Object.keys(first));
  expect(table.slice(2).map(([size, keyMode]) => [size, keyMode])).toEqual(named);
  expect(table.slice(2).flatMap((cells) => cells.slice(2).map(Number))).not.toContain(NaN);
});

describe('docs/architecture.md', () => {
  const architecture = readFileSync('docs/architecture.md', 'utf8');

  test('has the table of statuses that the code obeys', () => {
    const rows = [...architecture.matchAll(/^\| `(\w+)` +\|(.+)\|$/gmu)];
    const documented = rows.map(([, status, cells = '']) => [
      status,
      cells.split('|').map((cell) => cell.trim() === 'yes'),
    ]);
    const obeyed = Object.values(STATUSES).map((status) => {
      const { takesUploads, encrypts, restores, isProbed } = rulesOf({ status });
      return [status, [takesUploads, encrypts, restores, isProbed]];
    });
    expect(documented).toEqual(obeyed);
  });

  test.each(productFolders())('says what %s is for', (folder) => {
    expect(architecture).toContain(folder);
  });

  test('names files that exist', () => {
    const named =
      architecture.match(/\b(?:functions|shared|cli|local|laptop|test)\/[a-z\d/-]+\.ts\b/gu) ?? [];
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter((file) => !existsSync(file))).toEqual([]);
  });

  test('is at most 150 lines long', () => {
    expect(architecture.trimEnd().split('\n').length).toBeLessThanOrEqual(150);
  });
});

function productFolders(): readonly string[] {
  return readdirSync('shared', { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== 'envelope')
    .map(({ name }) => `shared/${name}/`);
}

/** Returns the cells of the first table of the README below a heading, line by line. */
function tableAfter(heading: string): readonly (readonly string[])[] {
  const [, section = ''] = readFileSync('README.md', 'utf8').split(`\n${heading}\n`);
  const [table = ''] = /(?:^\|.*\|\n)+/mu.exec(section) ?? [];
  return table
    .trimEnd()
    .split('\n')
    .map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim()),
    );
}
