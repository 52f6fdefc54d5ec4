/** Limits of one user on one node, over all sockets of the user. */
export interface UserLimits {
  readonly connectsPerSecond: number;
  /** Sockets that the user may open at once, after some seconds without any. */
  readonly connectBurst: number;
  readonly messagesPerSecond: number;
  /** Of the frames that carry messages; bursts of four seconds. */
  readonly messageBytesPerSecond: number;
  /** Frames that carry no message, pings included; bursts of ten seconds. */
  readonly requestsPerSecond: number;
  /** Of messages that the user's sockets have missed; bursts of four seconds. */
  readonly replayBytesPerSecond: number;
}

/** Part of the node's connects a second that one user may have. */
const CONNECT_SHARE = 1 / 50;
const FEWEST_CONNECTS = 10;

/** @param config the settings that the limits come from */
export function userLimits(config: {
  readonly maxConnectsPerSecond: number;
  readonly maxConnectionsPerUser: number;
  readonly maxMessagesPerSecondPerUser: number;
  readonly maxMessageBytesPerSecondPerUser: number;
  readonly maxRequestsPerSecondPerUser: number;
  readonly maxReplayBytesPerSecondPerUser: number;
}): UserLimits {
  const connectsPerSecond = Math.max(FEWEST_CONNECTS, config.maxConnectsPerSecond * CONNECT_SHARE);
  return {
    connectsPerSecond,
    // All sockets of a gateway that died come back together, and some of them twice.
    connectBurst: Math.max(connectsPerSecond, config.maxConnectionsPerUser) * 2,
    messagesPerSecond: config.maxMessagesPerSecondPerUser,
    messageBytesPerSecond: config.maxMessageBytesPerSecondPerUser,
    requestsPerSecond: config.maxRequestsPerSecondPerUser,
    replayBytesPerSecond: config.maxReplayBytesPerSecondPerUser,
  };
}
