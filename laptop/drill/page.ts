/** A drill as one self-contained HTML page: what happened around the button, in the whole drill, and what was held. */
import { boundMs } from './bound.ts';
import { brokenOf, type Check, checksOf } from './checks.ts';
import { lanesOf } from './lanes.ts';
import { neighbourOf } from './neighbour.ts';
import { escape, type Mark, panel } from './panel.ts';
import type { Drill } from './drill.ts';
import { seconds, timelineOf } from './timeline.ts';

/** Before and after the stretch around the button. */
const MARGIN_MS = 1_000;

export function pageOf(drill: Drill): string {
  const { moments, revoked, other } = drill;
  const { pressedMs, startedMs, enabledMs, drainedMs } = moments;
  const lanes = lanesOf(drill.uses, revoked.tenantId);
  const common = { lanes, marks: marksOf(drill), pressedMs };
  const around = { fromMs: -MARGIN_MS, toMs: boundMs(drill) + MARGIN_MS };
  const whole = { fromMs: startedMs - pressedMs, toMs: (drainedMs ?? enabledMs) - pressedMs + MARGIN_MS };
  const held = brokenOf(drill).length === 0;
  const aroundTitle = 'Around the button: every use of a key, sandbox by sandbox';
  const wholeTitle = 'The whole drill';
  return [
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>Red button drill</title>',
    `<meta name="viewport" content="width=device-width"><style>${STYLE}</style><main>`,
    `<h1>Red button drill <span class="${held ? 'held' : 'broken'}">${held ? 'every bound held' : 'a bound was broken'}</span></h1>`,
    legend(revoked.tenantId, other.tenantId),
    `<h2>${aroundTitle}</h2>${panel({ ...common, ...around, title: aroundTitle })}`,
    `<h2>${wholeTitle}</h2>${panel({ ...common, ...whole, title: wholeTitle })}`,
    `<p>${escape(throughputLine(drill))}</p>`,
    `<div class="tables">${timelineTable(drill)}${checkTable(checksOf(drill))}</div>`,
    '</main></html>\n',
  ].join('\n');
}

function marksOf(drill: Drill): readonly Mark[] {
  const { moments } = drill;
  const since = (ms: number): number => ms - moments.pressedMs;
  const { deliveredMs, heard, enabledMs, drainedMs } = moments;
  const marks: (Mark | false)[] = [
    { atMs: 0, label: 'key disabled', kind: 'button' },
    deliveredMs !== undefined && { atMs: since(deliveredMs), label: 'event delivered', kind: 'heard' },
    heard !== undefined && { atMs: since(heard.atMs), label: `revoked: ${heard.signal}`, kind: 'heard' },
    { atMs: boundMs(drill), label: 'bound', kind: 'bound' },
    { atMs: since(enabledMs), label: 'key enabled', kind: 'enabled' },
    drainedMs !== undefined && { atMs: since(drainedMs), label: 'backlog drained', kind: 'drained' },
  ];
  return marks.filter((mark) => mark !== false).sort((one, other) => one.atMs - other.atMs);
}

function legend(revoked: string, other: string): string {
  const entries = [
    entry('revoked', `a use of ${revoked}'s key`),
    entry('other', `of ${other}'s`),
    entry('allowed', 'within the bound'),
  ];
  return `<p class="legend">${entries.join('')}</p>`;
}

function entry(kind: string, text: string): string {
  return `<span><i class="${kind}"></i>${escape(text)}</span>`;
}

function throughputLine(drill: Drill): string {
  const { sealed, restored } = neighbourOf(drill);
  return (
    `${drill.other.tenantId} before and after: ${sealed.before.toFixed(1)} and ${sealed.after.toFixed(1)} objects/s sealed, ` +
    `${restored.before.toFixed(1)} and ${restored.after.toFixed(1)} restored.`
  );
}

function timelineTable(drill: Drill): string {
  const rows = timelineOf(drill).map(
    ({ atMs, what }) => `<tr><td class="number">${seconds(atMs)}</td><td>${escape(what)}</td></tr>`,
  );
  return `<table><caption>Timeline, from the button</caption>${rows.join('')}</table>`;
}

function checkTable(checks: readonly Check[]): string {
  const rows = checks.map(({ what, found, promised, held }) => {
    const cells = `<td>${escape(what)}</td><td class="number">${escape(found)}</td><td class="number">${escape(promised)}</td>`;
    return `<tr>${cells}<td>${verdict(held)}</td></tr>`;
  });
  return `<table><caption>Promises</caption><tr><th>promise<th class="number">found<th class="number">bound<th></tr>${rows.join('')}</table>`;
}

/** In words as well as in colour. */
function verdict(held: boolean): string {
  return held ? '<span class="held">held</span>' : '<span class="broken">broken</span>';
}

/** Vermilion and blue are told apart by everyone; what they say is written beside them too. */
const STYLE = `
:root { color-scheme: light dark; --ink: light-dark(#1b1f24, #e6e8eb); --faint: light-dark(#d9dde2, #3a4048);
  --ground: light-dark(#fff, #15181c); --revoked: light-dark(#d55e00, #ff8a3d); --other: light-dark(#a9cde8, #35597a);
  --allowed: light-dark(#fdf1e7, #2e2317); --calm: light-dark(#00664a, #4cc9a0); --dim: light-dark(#5b6470, #9aa3ad) }
body { margin: 0; background: var(--ground); color: var(--ink); font: 15px/1.5 system-ui, sans-serif }
main { max-width: 1120px; margin: 0 auto; padding: 24px }
h1 { font-size: 24px; margin: 0 0 4px } h1 span { font-size: 16px; font-weight: 500; margin-left: 12px }
h2 { font-size: 16px; margin: 28px 0 8px } svg { width: 100%; height: auto; display: block }
svg text { font: 12px system-ui, sans-serif; fill: var(--ink) } svg .axis, svg .name { fill: var(--dim); font-size: 11px }
.lane, .tick { stroke: var(--faint) } .use { fill: none } .use.other { stroke: var(--other) } .use.revoked { stroke: var(--revoked) }
rect.allowed { fill: var(--allowed) } .mark path { stroke: var(--ink); stroke-width: 1.5 }
.mark.button path { stroke: var(--revoked); stroke-width: 2.5 } .mark.bound path { stroke-dasharray: 5 4 }
.mark.heard path { stroke-dasharray: 1.5 3 } .mark.enabled path, .mark.drained path { stroke: var(--calm) }
.legend span { margin-right: 20px } .legend i { display: inline-block; width: 22px; height: 10px; margin-right: 7px }
i.revoked { background: var(--revoked) } i.other { background: var(--other) } i.allowed { background: var(--allowed); outline: 1px solid var(--faint) }
.tables { display: flex; flex-wrap: wrap; gap: 32px; margin-top: 20px } table { border-collapse: collapse }
caption { text-align: left; font-weight: 600; padding-bottom: 6px } td, th { text-align: left; font-weight: 400; padding: 3px 14px 3px 0; border-top: 1px solid var(--faint) }
th { color: var(--dim) } .number { text-align: right; font-variant-numeric: tabular-nums } .held { color: var(--calm) } .broken { color: var(--revoked); font-weight: 600 }
`;
