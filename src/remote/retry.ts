/** sshd drops connections at random while too many log in at once (MaxStartups); in milliseconds. */
export const retryDelays: readonly number[] = [200, 500, 1200, 2500];
