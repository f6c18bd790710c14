'use client';
/** Live data by server-sent events. The browser connects again by itself and says which event it saw last. */
import { useEffect, useRef, useState } from 'react';

export type Liveness = 'connecting' | 'live' | 'reconnecting' | 'ended';

/**
 * Follows `path` below `/api/v1` and hands each named event's data on. A connection that the server refuses for good
 * is tried again by us, more and more slowly. @param active false closes the stream.
 */
export function useEvents(
  path: string,
  handlers: Record<string, (data: unknown) => void>,
  active = true,
): Liveness {
  const [liveness, setLiveness] = useState<Liveness>('connecting');
  const current = useRef(handlers);
  current.current = handlers;
  const names = Object.keys(handlers).join(' ');
  useEffect(() => {
    if (!active) {
      setLiveness('ended');
      return;
    }
    let source: EventSource;
    let again: ReturnType<typeof setTimeout> | undefined;
    let pauseSeconds = 1;
    const open = () => {
      source = new EventSource(`/api/v1${path}`);
      source.onopen = () => {
        pauseSeconds = 1;
        setLiveness('live');
      };
      source.onerror = () => {
        setLiveness('reconnecting');
        if (source.readyState !== EventSource.CLOSED) return;
        again = setTimeout(open, pauseSeconds * 1000);
        pauseSeconds = Math.min(pauseSeconds * 2, 30);
      };
      for (const name of names.split(' '))
        source.addEventListener(name, (event) => current.current[name]?.(JSON.parse(event.data)));
    };
    open();
    return () => {
      clearTimeout(again);
      source.close();
    };
  }, [path, names, active]);
  return liveness;
}
