/** The other gateways with which one shares its port, as it sees them. */
export interface PortSharing {
  /** Nobody of them listens yet, so it has to be made sure that nobody else does. */
  readonly first: boolean;
  /** Tells them that this gateway listens and takes connections. */
  taking(port: number): void;
  /**
   * Tells them that this gateway takes nobody in any more. Resolves with whether it may stop listening; it may not while
   * none of the others takes connections, or when all of them are to end: somebody has to answer that nobody is ready.
   * Never rejects.
   */
  leave(): Promise<boolean>;
  /** To be called when another one takes connections, so that whoever listens without taking any may stop. */
  onRelieved(listener: () => void): void;
}
