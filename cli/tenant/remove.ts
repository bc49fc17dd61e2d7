/** `tenant remove`: removes a tenant step by step. When it is stopped, the same command goes on with the removal. */
import type { Command } from 'commander';
import type { TenantId } from '../../shared/tenant/tenant-id.ts';
import type { Removed } from '../../shared/offboarding/remove.ts';
import { removedSchema } from './answers.ts';
import { UsageError } from '../session/failure.ts';
import type { Outcome, Perform, Session } from '../session/session.ts';
import { aboutTenant, addExamples, type TenantOption, tenantOf } from './arguments.ts';
import {
  describeProgress,
  describeRemoved,
  type Destruction,
  describeFate,
  isIncomplete,
} from './removal.ts';

interface Options extends TenantOption, Destruction {
  readonly signedOffBy: string;
  readonly drain: boolean;
  readonly yes: boolean;
}

/** The pause between two invocations, in which work that is in flight can end. */
const PAUSE_MS = 2_000;

export function addRemove(parent: Command, perform: Perform): void {
  const command = aboutTenant(parent.command('remove'))
    .description(
      'remove a tenant: close its intake, seal what is planned, drop its keys. Unless an option says otherwise, what is ' +
        'in the vault stays, and the tenant can read it with its KMS key. When the command was stopped, run it again, ' +
        'and it goes on. An id that never was active is forgotten, and can be used again',
    )
    .requiredOption(
      '--signed-off-by <name>',
      'the person who answers for the removal; the summary keeps the name',
    )
    .option('--no-drain', 'seal nothing more; what waits stays where it is')
    .option(
      '--delete-ciphertext',
      'delete everything of the tenant in the vault, and its branch keys: nobody can read the data again',
      false,
    )
    .option(
      '--shred-branch-keys',
      'keep the ciphertext, but shred the branch keys: nobody can read again what they wrapped',
      false,
    )
    .option('--yes', 'do not ask to confirm; needed when nobody can answer', false);
  addExamples(
    command,
    'remove --tenant acme --signed-off-by "Ada Lovelace"',
    'remove acme --signed-off-by ticket-4711 --no-drain --delete-ciphertext --yes',
  ).action(async (argument: TenantId | undefined, options: Options) => {
    await perform(async (session) => await removeTenant(tenantOf(argument, options), options, session));
  });
}

async function removeTenant(tenantId: TenantId, options: Options, session: Session): Promise<Outcome> {
  if (!options.yes) await confirm(tenantId, options, session);
  const removed = await removeStepwise(tenantId, options, session);
  const ok = removed.done && !isIncomplete(removed, options);
  return { ok, answer: removed, text: describeRemoved(removed, options) };
}

/** Invokes the function until the removal is done or cannot go on by itself. */
async function removeStepwise(
  tenantId: TenantId,
  { signedOffBy, drain, deleteCiphertext, shredBranchKeys }: Options,
  { controlPlane, terminal }: Session,
): Promise<Removed> {
  const event = { action: 'remove', tenantId, signedOffBy, drain, deleteCiphertext, shredBranchKeys };
  let lastProgress: string | undefined;
  for (;;) {
    const removed = await controlPlane.invoke('offboard', event, removedSchema);
    if (removed.done || removed.blocked !== undefined) return removed;
    const progress = describeProgress(removed);
    if (progress !== lastProgress) terminal.note(progress);
    lastProgress = progress;
    await terminal.pause(PAUSE_MS);
  }
}

/** @throws UsageError unless the person types the tenant's id */
async function confirm(
  tenantId: TenantId,
  options: Options,
  { terminal }: Pick<Session, 'terminal'>,
): Promise<void> {
  if (terminal.ask === undefined)
    throw new UsageError(`nobody can be asked to confirm: to remove ${tenantId}, add --yes`);
  const waiting = options.drain ? '' : ' What waits to be sealed stays in the ingest bucket, unsealed.';
  const question = `Removing ${tenantId} cannot be undone: ${describeFate(options)}.${waiting} Type the tenant's id to go on: `;
  if ((await terminal.ask(question)).trim() !== tenantId)
    throw new UsageError(`the answer is not ${tenantId}; nothing was changed`);
}
