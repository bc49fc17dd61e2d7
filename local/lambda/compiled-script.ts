/**
 * A CommonJS file, run with what V8 compiled of it in another process. Node's compile cache holds what is compiled when
 * a file is loaded; most functions of a bundle are compiled later, when they are first called, by every sandbox anew.
 */
import { createHash } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { constants, Script } from 'node:vm';

export interface CompiledScript {
  readonly exports: unknown;
  /** True when nothing was found that an earlier process kept. */
  readonly isFresh: boolean;
  /** Keeps what is compiled by now, next to the file, for the processes that follow; does nothing where it can't. */
  keep(): void;
}

const WRAPPER = '(function (exports, require, module, __filename, __dirname) { ';

/**
 * Runs the file as `require` would.
 * @throws what the file throws, or SyntaxError
 */
export function runCompiled(file: string): CompiledScript {
  const source = readFileSync(file, 'utf8');
  // V8 compares no more than the length of the source.
  const kept = `${file}.${createHash('sha256').update(source).digest('hex').slice(0, 16)}.compiled`;
  const cachedData = readIfThere(kept);
  const script = new Script(`${WRAPPER}${source}\n})`, {
    filename: file,
    columnOffset: -WRAPPER.length,
    cachedData,
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  const module = { exports: {} };
  script.runInThisContext()(module.exports, createRequire(file), module, file, path.dirname(file));
  return {
    exports: module.exports,
    isFresh: cachedData === undefined || script.cachedDataRejected === true,
    keep() {
      try {
        const unfinished = `${kept}-${process.pid}`;
        writeFileSync(unfinished, script.createCachedData());
        renameSync(unfinished, kept);
      } catch {
        // The next process compiles anew.
      }
    },
  };
}

function readIfThere(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}
