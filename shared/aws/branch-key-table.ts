/** The Encryption SDK's key store as the data path reads it: strongly consistent, and an outage of it is ours to retry. */
import type { BranchKeyTable } from '../envelope/branch-key.ts';
import { plainDynamoDbClient } from './clients.ts';
import { storing } from './storage-failure.ts';

export function branchKeyTable(ddbTableName: string): BranchKeyTable {
  const ddbClient = plainDynamoDbClient();
  ddbClient.middlewareStack.add(
    (next) => async (args) =>
      await storing('dynamodb:GetItem', async () => await next({ ...args, input: consistent(args.input) })),
    { step: 'initialize', name: 'consistent' },
  );
  return { ddbTableName, ddbClient };
}

/** A branch key, or a new version of it, is used as soon as it was made. */
function consistent<Input extends object>(input: Input): Input {
  return { ...input, ConsistentRead: true };
}
