// Answers over HTTP are written as text right away, without being built as objects first. Those of a WebSocket are put into its messages,
// and stay objects.
import 'postgraphile';
import type {} from 'postgraphile/grafserv/node';

export const OutputPlugin: GraphileConfig.Plugin = {
  name: 'ChimeOutputPlugin',
  version: '1.0.0',
  grafast: {
    middleware: {
      execute(next, { args }) {
        if (args.requestContext?.ws === undefined) args.outputDataAsString = true;
        return next();
      },
    },
  },
};
