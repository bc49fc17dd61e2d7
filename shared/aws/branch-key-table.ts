/**
 * The table of the Encryption SDK's key store. Its reads are strongly consistent, and an outage of it is an error of
 * ours, which is retried.
 */
import type { BranchKeyTable } from '../envelope/kms/key-store.ts';
import { plainDynamoDbClient } from './clients.ts';
import { mapStorageFailure } from './storage-failure.ts';

export function branchKeyTable(ddbTableName: string): BranchKeyTable {
  const ddbClient = plainDynamoDbClient();
  ddbClient.middlewareStack.add(
    (next, { commandName = '' }) =>
      async (args) => {
        const operation = commandName.replace(/Command$/u, '');
        const input = operation === 'GetItem' ? consistent(args.input) : args.input;
        return await mapStorageFailure(`dynamodb:${operation}`, async () => await next({ ...args, input }));
      },
    { step: 'initialize', name: 'keyStore' },
  );
  return { ddbTableName, ddbClient };
}

/** Makes a read strongly consistent, because a branch key, or a new version of it, is used as soon as it was made. */
function consistent<Input extends object>(input: Input): Input {
  return { ...input, ConsistentRead: true };
}
