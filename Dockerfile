# Two stages: the first compiles the package as npm would publish it, the second installs just that.
FROM node:24-slim AS build
WORKDIR /build
COPY . .
RUN npm ci --ignore-scripts && npm run build && npm pack --ignore-scripts

FROM node:24-slim
WORKDIR /app
COPY --from=build /build/pgchime-*.tgz ./
RUN npm install --omit=dev --omit=optional ./pgchime-*.tgz && rm pgchime-*.tgz
# Others can reach a container: who uses the API has to say who they are.
ENV NODE_ENV=production CHIME_HOST=0.0.0.0 CHIME_AUTH=required CHIME_LOG_LEVEL=info
USER node
EXPOSE 4680
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.PORT ?? 4680) + '/healthz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "node_modules/pgchime/bin/chime.js"]
CMD ["start"]
