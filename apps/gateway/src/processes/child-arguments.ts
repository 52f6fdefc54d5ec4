/** Argument of a gateway process that finds nobody of its siblings on the port. */
export const FIRST_ON_PORT = 'first-on-port';
