/** What a tenant chooses, as options of `add` and `change-key`. */
import { type Command, Option } from 'commander';
import { collect, keyAgeSeconds } from './arguments.ts';

export interface SettingsOptions {
  readonly kekArn?: string;
  /** False: none, said by `--no-replica`. */
  readonly replica?: readonly string[] | false;
  readonly keyMode?: string;
  readonly isolation?: string;
  readonly maxKeyAge?: number;
  /** False: any, said by `--no-allowed-region`. */
  readonly allowedRegion?: readonly string[] | false;
  readonly rotateWithKek?: boolean;
}

export const KEY_MODES = ['per-chunk', 'cached', 'hierarchical'] as const;

/** `isNew`: unset options have their defaults; otherwise they stay as they are, and may be taken back. */
export function withSettings(command: Command, { isNew }: { readonly isNew: boolean }): Command {
  const unset = (value: string): string => (isNew ? ` (default: ${value})` : '');
  command
    .addOption(
      new Option('--kek-arn <arn>', "the tenant's KMS key, by its full ARN").makeOptionMandatory(isNew),
    )
    .option('--replica <arn>', 'a replica of a multi-Region key; again for each', collect)
    .addOption(
      new Option('--key-mode <mode>', `where data keys come from${unset('per-chunk')}`).choices(KEY_MODES),
    )
    .addOption(
      new Option('--isolation <kind>', `of branch keys in hierarchical mode${unset('pooled')}`).choices([
        'pooled',
        'dedicated',
      ]),
    )
    .option('--max-key-age <seconds>', `how long a key may be cached, 0 to 3600${unset('60')}`, keyAgeSeconds)
    .option('--allowed-region <region>', `where keys may be; again for each${unset('any')}`, collect)
    .option('--rotate-with-kek', 'a rotation of the KMS key makes a new version of the branch key');
  if (isNew) return command;
  return command
    .option('--no-replica', 'no replicas; what they wrapped stays readable by the key itself')
    .option('--no-allowed-region', 'keys may be anywhere')
    .option('--no-rotate-with-kek', 'it does not');
}

/** As the functions name them; what is not chosen is undefined. */
export function settingsOf(options: SettingsOptions): object {
  const { kekArn, replica, keyMode, isolation, maxKeyAge, allowedRegion, rotateWithKek } = options;
  return {
    kekArn,
    replicaArns: replica === false ? [] : replica,
    keyMode,
    isolation,
    maxKeyAgeSeconds: maxKeyAge,
    allowedRegions: allowedRegion === false ? [] : allowedRegion,
    rotateWithKek,
  };
}
