/** Describes the findings about a tenant's keys to a person: what is wrong, and the statements that correct it. */
import { isProven } from '../../shared/onboarding/finding.ts';
import type { FoundAnswer, JudgedAnswer } from './answers.ts';
import type { Outcome } from '../session/session.ts';

/**
 * Returns the outcome of a command that checks keys. `next` is the text below the findings, for success and failure.
 */
export function outcomeOf(
  judged: JudgedAnswer,
  strict: boolean,
  next: { readonly passed: string; readonly failed: string },
): Outcome {
  const ok = isProven(judged.findings, strict);
  const lines = [
    ...describeFindings(judged.findings),
    '',
    `${tally(judged)} ${ok ? next.passed : next.failed}`,
  ];
  return { ok, answer: judged, text: lines.join('\n') };
}

function describeFindings(findings: readonly FoundAnswer[]): readonly string[] {
  const widest = Math.max(...findings.map(({ check }) => check.length));
  const lines = findings.flatMap((finding) => {
    const { check, message, ok, fix } = finding;
    const line = `${mark(finding)} ${check.padEnd(widest)}  ${message}`;
    return ok || fix === undefined ? [line] : [line, `  ${' '.repeat(widest)}  fix: ${fix}`];
  });
  return [...lines, ...describeStatements(findings)];
}

function mark({ ok, severity }: FoundAnswer): string {
  if (ok) return '✓';
  return severity === 'error' ? '✗' : '!';
}

/** Describes each statement once, although several keys may lack it. */
function describeStatements(findings: readonly FoundAnswer[]): readonly string[] {
  const statements = findings.flatMap(({ ok, statement }) =>
    ok || statement === undefined ? [] : [statement],
  );
  const bySid = new Map(statements.map((statement) => [statement.Sid, statement]));
  if (bySid.size === 0) return [];
  return ['', 'Statements for the key policy:', JSON.stringify([...bySid.values()], undefined, 2)];
}

function tally({ tenantId, status, findings }: JudgedAnswer): string {
  const wrong = findings.filter(({ ok }) => !ok);
  const errors = wrong.filter(({ severity }) => severity === 'error').length;
  const warnings = wrong.length - errors;
  const counts = [count(errors, 'error'), count(warnings, 'warning')].filter((text) => text !== undefined);
  return `${tenantId} is ${status}${counts.length === 0 ? '' : `: ${counts.join(', ')}`}.`;
}

function count(number: number, noun: string): string | undefined {
  if (number === 0) return undefined;
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
