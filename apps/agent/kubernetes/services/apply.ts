/** Writing objects so that nothing is written that is so already. */
import { APPLY, FIELD_MANAGER, type KubernetesObject, pathOf } from '@skein/kubernetes/object.ts';
import { type KubernetesApi, reasonOf } from '../api.ts';

export interface Writer {
  /**
   * Makes the object be so by server-side apply, and answers it as it is then. Does not ask where it was applied like this
   * before and `actual` still holds all of it. Throws where the server refuses.
   * @param subresource `status`, for what is said in it
   */
  apply<T>(object: KubernetesObject, actual: T | undefined, subresource?: 'status'): Promise<T>;
  /** Answers whether there was anything. */
  remove(object: Pick<KubernetesObject, 'apiVersion' | 'kind' | 'metadata'>): Promise<boolean>;
}

/** What the server said no to. */
export class Refused extends Error {
  readonly status: number;
  constructor(what: string, status: number, body: unknown) {
    super(`${what}: HTTP ${status}: ${reasonOf(body)}`);
    this.name = 'Refused';
    this.status = status;
  }
}

export function newWriter(api: KubernetesApi): Writer {
  /** What was applied last: of what was left out since, the object itself would say nothing. */
  const applied = new Map<string, string>();
  return {
    apply: async <T>(object: KubernetesObject, actual: T | undefined, subresource?: 'status') => {
      const path = `${pathOf(object)}${subresource ? `/${subresource}` : ''}`;
      const text = JSON.stringify(object);
      if (actual !== undefined && applied.get(path) === text && covers(actual, object)) return actual;
      const { status, body } = await api.request(
        'PATCH',
        `${path}?fieldManager=${FIELD_MANAGER}&force=true`,
        object,
        APPLY,
      );
      if (status !== 200 && status !== 201) throw new Refused(`${path} was not applied`, status, body);
      applied.set(path, text);
      return body as T;
    },
    remove: async (object) => {
      const path = pathOf(object);
      applied.delete(path);
      applied.delete(`${path}/status`);
      const { status, body } = await api.request('DELETE', path);
      if (status === 404) return false;
      if (status !== 200 && status !== 202) throw new Refused(`${path} was not deleted`, status, body);
      return true;
    },
  };
}

/** Whether all that is wanted is there; what is there besides is somebody else's. Lists are wanted as they are. */
export function covers(actual: unknown, wanted: unknown): boolean {
  if (Array.isArray(wanted))
    return (
      Array.isArray(actual) &&
      actual.length === wanted.length &&
      wanted.every((one, index) => covers(actual[index], one))
    );
  if (typeof wanted === 'object' && wanted !== null) {
    if (typeof actual !== 'object' || actual === null) return false;
    return Object.entries(wanted).every(([key, value]) =>
      covers((actual as Record<string, unknown>)[key], value),
    );
  }
  // The API server leaves out what is empty.
  return actual === wanted || (wanted === '' && actual === undefined);
}
