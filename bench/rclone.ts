/**
 * `rclone crypt`, which encrypts files under a password on their way to S3: what people use today who have no KMS.
 * It is never installed from here.
 */
import { CreateBucketCommand, type S3Client } from '@aws-sdk/client-s3';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { ISV_ACCOUNT, REGION } from '../laptop/names.ts';

export interface Rclone {
  /** Encrypts and copies a file to the bucket of rclone under this name. */
  copy(file: string, name: string): Promise<void>;
}

const BUCKET = 'rclone';
const run = promisify(execFile);

/** Resolves to undefined when rclone is not installed. */
export async function findRclone(endpoint: string, s3: S3Client): Promise<Rclone | undefined> {
  if (!(await isInstalled())) return undefined;
  const { stdout: password } = await run('rclone', ['obscure', 'a password of the benchmark']);
  await s3.send(new CreateBucketCommand({ Bucket: BUCKET }));
  const env = environment(endpoint, password.trim());
  return {
    async copy(file, name) {
      const flags = ['--config', '/dev/null', '--s3-list-version', '2'];
      await run('rclone', ['copyto', ...flags, file, `encrypted:${name}`], { env });
    },
  };
}

async function isInstalled(): Promise<boolean> {
  try {
    await run('rclone', ['version']);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
    throw error;
  }
}

/** Returns the environment in which rclone knows two remotes: the local S3, and what it encrypts into it. */
function environment(endpoint: string, password: string): NodeJS.ProcessEnv {
  // A bundle of authorities is read for an endpoint without TLS as well, and may be one that rclone cannot read.
  const { AWS_CA_BUNDLE: _unused, ...inherited } = process.env;
  return {
    ...inherited,
    RCLONE_CONFIG_LOCAL_TYPE: 's3',
    RCLONE_CONFIG_LOCAL_PROVIDER: 'Other',
    RCLONE_CONFIG_LOCAL_ENDPOINT: endpoint,
    RCLONE_CONFIG_LOCAL_REGION: REGION,
    RCLONE_CONFIG_LOCAL_ACCESS_KEY_ID: ISV_ACCOUNT,
    RCLONE_CONFIG_LOCAL_SECRET_ACCESS_KEY: 'local',
    RCLONE_CONFIG_LOCAL_FORCE_PATH_STYLE: 'true',
    RCLONE_CONFIG_ENCRYPTED_TYPE: 'crypt',
    RCLONE_CONFIG_ENCRYPTED_REMOTE: `local:${BUCKET}`,
    RCLONE_CONFIG_ENCRYPTED_PASSWORD: password,
  };
}
