/** The objects of one path, kept as they are at the API server by a list and a watch. */
import { setTimeout as wait } from 'node:timers/promises';
import { AgentFailure, wordsOf } from '../../failure.ts';
import type { Log } from '../../host/log.ts';
import { type KubernetesApi, reasonOf, WatchExpired } from '../api.ts';

export interface Reflector<T> {
  /** One object by `NAMESPACE/NAME`, or by name where there is no namespace. */
  get(key: string): T | undefined;
  keys(): string[];
  /** Whether all was listed once. */
  synced(): boolean;
  close(): void;
}

interface Listed {
  metadata: { resourceVersion: string };
  items: { metadata: { name: string; namespace?: string; resourceVersion: string } }[];
}

const FIRST_PAUSE_MILLISECONDS = 200;
const LONGEST_PAUSE_MILLISECONDS = 5000;

/**
 * @param path of the list, with its query if any
 * @param onChange called for each object that appeared, changed or went, after it is so here
 * @param onSynced called after each whole listing
 */
export function reflect<T>(options: {
  api: KubernetesApi;
  path: string;
  log: Log;
  onChange: (key: string, now: T | undefined, before: T | undefined) => void;
  onSynced?: () => void;
}): Reflector<T> {
  const { api, path, log, onChange } = options;
  const closing = new AbortController();
  const held = new Map<string, { version: string; object: T }>();
  let synced = false;
  let said = '';

  const take = (key: string, version: string, object: T) => {
    const before = held.get(key);
    if (before?.version === version) return;
    held.set(key, { version, object });
    onChange(key, object, before?.object);
  };
  const drop = (key: string) => {
    const before = held.get(key);
    if (!held.delete(key)) return;
    onChange(key, undefined, before?.object);
  };

  /** Answers the version listed. */
  const list = async (): Promise<string> => {
    const { status, body } = await api.request('GET', path);
    if (status !== 200)
      throw new AgentFailure('unreachable', `${path} was not listed: HTTP ${status}: ${reasonOf(body)}`);
    const { items, metadata } = body as Listed;
    const keys = new Set<string>();
    for (const item of items) {
      const key = objectKey(item.metadata);
      keys.add(key);
      take(key, item.metadata.resourceVersion, item as T);
    }
    for (const key of [...held.keys()]) if (!keys.has(key)) drop(key);
    synced = true;
    options.onSynced?.();
    return metadata.resourceVersion;
  };

  const follow = async () => {
    let version: string | undefined;
    for (let failures = 0; !closing.signal.aborted; ) {
      try {
        version ??= await list();
        for await (const event of api.watch(path, version, closing.signal)) {
          if (event.type === 'ERROR') throw new Error(reasonOf(event.object));
          version = event.object.metadata.resourceVersion;
          failures = 0;
          said = '';
          if (event.type === 'BOOKMARK') continue;
          const key = objectKey(event.object.metadata);
          if (event.type === 'DELETED') drop(key);
          else take(key, version, event.object as T);
        }
      } catch (error) {
        if (closing.signal.aborted) return;
        if (error instanceof WatchExpired) version = undefined;
        else {
          failures += 1;
          const words = wordsOf(error);
          if (words !== said) log(`Kubernetes is not followed: ${words}`);
          said = words;
          const pause = Math.min(LONGEST_PAUSE_MILLISECONDS, FIRST_PAUSE_MILLISECONDS * 2 ** failures);
          await wait(pause, undefined, { signal: closing.signal }).catch(() => undefined);
        }
      }
    }
  };
  void follow();

  return {
    get: (key) => held.get(key)?.object,
    keys: () => [...held.keys()],
    synced: () => synced,
    close: () => closing.abort(),
  };
}

export function objectKey({ name, namespace }: { name?: string; namespace?: string }): string {
  return namespace === undefined ? `${name}` : `${namespace}/${name}`;
}
