/** Some seconds ago. */
export const at = (secondsAgo: number) => new Date(Date.now() - secondsAgo * 1000);
