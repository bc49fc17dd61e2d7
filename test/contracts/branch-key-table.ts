import { GetItemCommand, TransactWriteItemsCommand } from '@aws-sdk/client-dynamodb';
import { expect, test } from 'vitest';
import type { BranchKeyTable } from '../../shared/envelope/kms/key-store.ts';

export function branchKeyTableContract(make: () => BranchKeyTable): void {
  test('the rows of a branch key are read as they were written, at once', async () => {
    const { ddbClient, ddbTableName: TableName } = make();
    const rows = ['branch:ACTIVE', 'branch:version:1'].map((type) => ({
      'branch-key-id': { S: 'acme.1' },
      type: { S: type },
      enc: { B: new Uint8Array([1, 2, 3]) },
    }));
    const TransactItems = rows.map((Item) => ({ Put: { TableName, Item } }));
    await ddbClient.send(new TransactWriteItemsCommand({ TransactItems }));
    for (const { enc, ...Key } of rows) {
      const { Item } = await ddbClient.send(new GetItemCommand({ TableName, Key }));
      expect(Item).toEqual({ ...Key, enc });
    }
    const Key = { 'branch-key-id': { S: 'acme.2' }, type: { S: 'branch:ACTIVE' } };
    expect((await ddbClient.send(new GetItemCommand({ TableName, Key }))).Item).toBeUndefined();
  });
}
