/** GraphQL as Stash's page asks: queries over HTTP, subscriptions over a websocket. */
import { ApolloClient, HttpLink, InMemoryCache, split } from "@apollo/client";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { getMainDefinition } from "@apollo/client/utilities";
import { createClient } from "graphql-ws";

const address = new URL("graphql", document.baseURI);

const isSubscription = ({ query }) => getMainDefinition(query).operation === "subscription";

const socket = createClient({
  url: address.href.replace(/^http/, "ws"),
  retryAttempts: Infinity,
  shouldRetry: () => true,
});

// Stash finds one record by its id among those that it has already read.
const found = (type) => ({
  read: (existing, { args, canRead, toReference }) =>
    canRead(existing) ? existing : toReference({ __typename: type, id: args?.id }),
});
const typePolicies = {
  Query: {
    fields: Object.fromEntries(
      ["Scene", "Performer", "Studio", "Tag", "Group", "Gallery", "Image"].map((type) => [
        `find${type}`,
        found(type),
      ]),
    ),
  },
};

export const client = new ApolloClient({
  cache: new InMemoryCache({ typePolicies }),
  link: split(isSubscription, new GraphQLWsLink(socket), new HttpLink({ uri: address.href })),
});
