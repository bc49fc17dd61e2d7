/** One drawing of a stretch of time: a lane per sandbox, and lines where something happened to the key. */
import { type Lane, strokesOf } from './lanes.ts';

export interface Mark {
  /** Milliseconds since the button. */
  readonly atMs: number;
  readonly label: string;
  /** CSS class of the line. */
  readonly kind: 'button' | 'heard' | 'bound' | 'enabled' | 'drained';
}

export interface Panel {
  readonly title: string;
  readonly lanes: readonly Lane[];
  readonly marks: readonly Mark[];
  /** Milliseconds since 1970. */
  readonly pressedMs: number;
  /** The stretch, milliseconds since the button. */
  readonly fromMs: number;
  readonly toMs: number;
}

const NAME_WIDTH = 92;
const WIDTH = 980;
/** The room for the last figure of the axis. */
const MARGIN_WIDTH = 28;
const LANE_HEIGHT = 18;
const BAR_HEIGHT = 10;
const LABEL_HEIGHT = 17;
const AXIS_HEIGHT = 26;
const CHARACTER_WIDTH = 6.6;
const TICKS = 12;

export function panel(drawn: Panel): string {
  const x = (ms: number): number => ((ms - drawn.fromMs) / (drawn.toMs - drawn.fromMs)) * WIDTH;
  const marks = drawn.marks.filter(({ atMs }) => atMs >= drawn.fromMs && atMs <= drawn.toMs);
  const rows = labelRows(marks, x);
  const top = (Math.max(0, ...rows) + 1) * LABEL_HEIGHT + 6;
  const bottom = top + drawn.lanes.length * LANE_HEIGHT;
  const box = `-${NAME_WIDTH} 0 ${NAME_WIDTH + WIDTH + MARGIN_WIDTH} ${bottom + AXIS_HEIGHT}`;
  return [
    `<svg viewBox="${box}" role="img" aria-label="${escape(drawn.title)}">`,
    unsafeTime(drawn, x, top, bottom),
    ...drawn.lanes.map((lane, index) => laneOf(lane, top + index * LANE_HEIGHT, drawn.pressedMs, x)),
    ...marks.map((mark, index) => markOf(mark, x(mark.atMs), rows[index] ?? 0, bottom)),
    axis(drawn, x, bottom),
    '</svg>',
  ].join('\n');
}

export function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}

/** Returns the row of each label, so that none lies over another. Precondition: `marks` in order of time. */
function labelRows(marks: readonly Mark[], x: (ms: number) => number): readonly number[] {
  const ends: number[] = [];
  return marks.map(({ atMs, label }) => {
    const width = label.length * CHARACTER_WIDTH + 14;
    const from = labelStart(x(atMs), width);
    const free = ends.findIndex((end) => end <= from);
    const row = free === -1 ? ends.length : free;
    ends[row] = from + width;
    return row;
  });
}

/** To the right of its line; where that leaves the drawing, to its left. */
function labelStart(at: number, width: number): number {
  return at + width <= WIDTH ? at : at - width;
}

function markOf({ label, kind }: Mark, at: number, row: number, bottom: number): string {
  const y = row * LABEL_HEIGHT + 12;
  const right = at + label.length * CHARACTER_WIDTH + 14 <= WIDTH;
  const text = `<text x="${px(right ? at + 5 : at - 5)}" y="${y}"${right ? '' : ' text-anchor="end"'}>${escape(label)}</text>`;
  return `<g class="mark ${kind}"><path d="M${px(at)} ${y - 10}V${bottom}"/>${text}</g>`;
}

/** From the button to the bound: the time in which a key may still be used. */
function unsafeTime({ marks }: Panel, x: (ms: number) => number, top: number, bottom: number): string {
  const bound = marks.find(({ kind }) => kind === 'bound');
  if (bound === undefined) return '';
  const from = Math.max(0, x(0));
  const width = Math.min(WIDTH, x(bound.atMs)) - from;
  return `<rect class="allowed" x="${px(from)}" y="${top}" width="${px(width)}" height="${bottom - top}"/>`;
}

function laneOf(lane: Lane, y: number, pressedMs: number, x: (ms: number) => number): string {
  const middle = y + LANE_HEIGHT / 2;
  const path = (uses: Lane['revoked']): string =>
    strokesOf(uses, (ms) => x(ms - pressedMs), WIDTH)
      .map(({ from, to }) => `M${from} ${middle}H${to}`)
      .join('');
  return [
    `<text class="name" x="-8" y="${middle + 4}" text-anchor="end">${lane.name}</text>`,
    `<path class="lane" d="M0 ${middle}H${WIDTH}"/>`,
    `<path class="use other" stroke-width="${BAR_HEIGHT}" d="${path(lane.other)}"/>`,
    `<path class="use revoked" stroke-width="${BAR_HEIGHT}" d="${path(lane.revoked)}"/>`,
  ].join('');
}

function axis({ fromMs, toMs }: Panel, x: (ms: number) => number, y: number): string {
  const stepMs = [250, 500, 1000, 2000, 5000, 10_000, 30_000, 60_000].find(
    (step) => (toMs - fromMs) / step <= TICKS,
  );
  const every = stepMs ?? 300_000;
  const first = Math.ceil(fromMs / every);
  const count = Math.floor(toMs / every) - first + 1;
  const ticks = Array.from({ length: count }, (_, index) => (first + index) * every);
  return ticks
    .map((ms) => {
      const at = px(x(ms));
      const text = ms === 0 ? '0' : `${ms > 0 ? '+' : '−'}${Math.abs(ms) / 1000} s`;
      return `<path class="tick" d="M${at} ${y}v5"/><text class="axis" x="${at}" y="${y + 18}" text-anchor="middle">${text}</text>`;
    })
    .join('');
}

function px(value: number): string {
  return value.toFixed(1);
}
