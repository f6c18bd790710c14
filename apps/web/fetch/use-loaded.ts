'use client';
/** Data that the page came with, read again from time to time and on demand. */
import { useCallback, useEffect, useRef, useState } from 'react';
import type { z } from 'zod';
import { call } from './call.ts';

/**
 * @param everySeconds reads again at this pace while the page is looked at.
 * `failure` says why the last reading did not work; `data` is then that of the last one that did.
 */
export function useLoaded<T extends z.ZodType>(
  path: string,
  shape: T,
  initial: z.output<T>,
  everySeconds?: number,
): { data: z.output<T>; failure: string | null; refresh: () => Promise<void> } {
  const [data, setData] = useState(initial);
  const [failure, setFailure] = useState<string | null>(null);
  const newest = useRef(0);
  const refresh = useCallback(async () => {
    const turn = ++newest.current;
    try {
      const read = await call('GET', path, shape);
      if (turn === newest.current) {
        setData(read);
        setFailure(null);
      }
    } catch (error) {
      if (turn === newest.current) setFailure(error instanceof Error ? error.message : String(error));
    }
  }, [path, shape]);
  useEffect(() => {
    if (everySeconds === undefined) return;
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') void refresh();
    }, everySeconds * 1000);
    return () => clearInterval(timer);
  }, [everySeconds, refresh]);
  return { data, failure, refresh };
}
