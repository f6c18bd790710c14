/**
 * The lab's memory. State lies in named sections, each one JSON file that is replaced whole, so that a lab
 * process killed at any moment starts again with the last change that was answered.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** One named part of the state. `T` must survive JSON: no Date, Map, undefined in arrays. */
export interface Section<T> {
  /** The present state. Never change it; use `change`. */
  read(): T;
  /**
   * Runs `fn` on a copy of the state, writes it, then makes it the present state and returns what `fn` returned.
   * When `fn` throws nothing is changed: a call that is refused halfway leaves no trace.
   */
  change<R>(fn: (state: T) => R): R;
}

type Listener = (section: string, before: unknown, after: unknown) => void;

export interface Store {
  /** Opens a section; `empty` makes its first state. Ask again by the same name for the same section. */
  section<T>(name: string, empty: () => T): Section<T>;
  /** Called after each change, with the section's name and its state before and after. Returns how to stop it. */
  onChange(listener: Listener): () => void;
}

/** Opens the store in a directory (made when missing, for its owner only). One process at a time. */
export function openStore(directory: string): Store {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  for (const name of readdirSync(directory)) if (name.endsWith('.new')) rmSync(join(directory, name));
  const sections = new Map<string, Section<unknown>>();
  const listeners = new Set<Listener>();

  function open<T>(name: string, empty: () => T): Section<T> {
    const file = join(directory, `${name}.json`);
    const write = (state: T) => {
      // The rename makes it whole or not at all; nothing is synced, for the lab does not outlive its machine.
      writeFileSync(`${file}.new`, JSON.stringify(state), { mode: 0o600 });
      renameSync(`${file}.new`, file);
    };
    let state = load<T>(file);
    if (state === undefined) {
      state = empty();
      write(state);
    }
    let present: T = state;
    return {
      read: () => present,
      change(fn) {
        const next = structuredClone(present);
        const result = fn(next);
        write(next);
        const before = present;
        present = next;
        for (const listener of listeners) listener(name, before, next);
        return result;
      },
    };
  }

  return {
    section<T>(name: string, empty: () => T): Section<T> {
      let section = sections.get(name) as Section<T> | undefined;
      if (!section) {
        section = open(name, empty);
        sections.set(name, section as Section<unknown>);
      }
      return section;
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

function load<T>(file: string): T | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as T;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
