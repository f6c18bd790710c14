/** A network's path, from `projects/` on. */
export const networkPath = (projectId: string, name: string) =>
  `projects/${projectId}/global/networks/${name}`;
