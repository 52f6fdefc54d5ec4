export {
  type DispatchConfig,
  type DispatcherConfig,
  dispatcherSettings,
  loadDispatchConfig,
  loadDispatcherConfig,
} from './config.js';
export {
  createDispatcher,
  type DispatcherParts,
  startDispatching,
} from './create-dispatcher.js';
