/** The commands `sealstream tenant …`, in the order of a tenant's life. */
import type { Command } from 'commander';
import type { Perform } from '../session/session.ts';
import { addAdd } from './add.ts';
import { addChangeKey } from './change-key.ts';
import { addCheck } from './check.ts';
import { addList } from './list.ts';
import { addRemove } from './remove.ts';
import { addRender } from './render.ts';
import { addRotate } from './rotate.ts';
import { addShow } from './show.ts';
import { addResume, addSuspend } from './suspend.ts';

export function addTenantCommands(program: Command, perform: Perform): void {
  const tenant = program
    .command('tenant')
    .description('manage tenants: their keys, their settings and their status');
  const commands = [
    addRender,
    addAdd,
    addCheck,
    addShow,
    addList,
    addChangeKey,
    addRotate,
    addSuspend,
    addResume,
    addRemove,
  ];
  for (const add of commands) add(tenant, perform);
}
