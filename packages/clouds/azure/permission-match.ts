/** Whether a role lets its holder do something, by Azure's rule: an action, none of the `notActions`. Pure. */
export interface RolePermission {
  actions?: readonly string[];
  notActions?: readonly string[];
}

/** `*` stands for any text, slashes included; case does not matter. */
export function matches(pattern: string, action: string): boolean {
  const parts = pattern.toLowerCase().split('*');
  const text = action.toLowerCase();
  const [first = '', ...rest] = parts;
  if (!text.startsWith(first)) return false;
  if (rest.length === 0) return text === first;
  let at = first.length;
  const last = rest.pop() ?? '';
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return text.length - at >= last.length && text.endsWith(last);
}

/** Each role counts by itself: what one takes out, another may give. */
export function allows(roles: readonly RolePermission[], action: string): boolean {
  return roles.some(
    ({ actions = [], notActions = [] }) =>
      actions.some((one) => matches(one, action)) && !notActions.some((one) => matches(one, action)),
  );
}
