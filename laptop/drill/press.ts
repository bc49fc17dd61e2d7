/** The button is pressed and released, and events travel, or do not, as the drill wants it. */
import type { DeliveryMode } from '../../local/eventbridge/dispatch.ts';
import type { DrillOptions } from './options.ts';
import type { Stage } from './stage.ts';

/** Answers when the key was disabled, milliseconds since 1970. */
export async function pressButton({ local, revoked }: Stage, options: DrillOptions): Promise<number> {
  const mode = options.loseEvents ? 'lose' : disturbed(options);
  await local.tell('POST', 'kms/propagation', { seconds: options.propagationSeconds });
  await local.tell('POST', 'events/delivery', { mode });
  const pressedMs = await revoked.button.press();
  if (mode === 'reorder') await overtake(local, revoked);
  return pressedMs;
}

/** KMS has caught up by then, and events arrive: what is measured from here on is how the work comes back. */
export async function releaseButton(
  { local, revoked }: Stage,
  options: DrillOptions,
): Promise<{ readonly enablingMs: number; readonly enabledMs: number }> {
  const mode = disturbed(options);
  await local.tell('POST', 'kms/propagation', { seconds: 0 });
  await local.tell('POST', 'events/delivery', { mode });
  const released = await revoked.button.release();
  if (mode === 'reorder') await overtake(local, revoked);
  return released;
}

/** The event that is held back goes when another one has gone. */
async function overtake(local: Stage['local'], { button }: Stage['revoked']): Promise<void> {
  await button.touch();
  await local.tell('POST', 'events/delivery', { mode: 'normal' });
}

function disturbed({ chaos, round }: DrillOptions): DeliveryMode {
  if (!chaos) return 'normal';
  return round % 2 === 0 ? 'double' : 'reorder';
}
