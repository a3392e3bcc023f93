/** Some of the documents that Stash's page has, and the hooks made of them, under Stash's names. */
import { gql, useMutation, useQuery, useSubscription } from "@apollo/client";

const JOB = "id status subTasks description progress startTime endTime addTime error";

const QUERIES = {
  JobQueue: gql`query JobQueue { jobQueue { ${JOB} } }`,
  FindJob: gql`query FindJob($input: FindJobInput!) { findJob(input: $input) { ${JOB} } }`,
  Plugins: gql`
    query Plugins {
      plugins {
        id
        name
        enabled
        description
        url
        version
        tasks {
          name
          description
        }
        settings {
          name
          display_name
          description
          type
        }
        requires
        paths {
          css
          javascript
        }
      }
    }
  `,
  PluginSettings: gql`
    query Configuration {
      configuration {
        plugins
      }
    }
  `,
  FindScene: gql`
    query FindScene($id: ID!) {
      findScene(id: $id) {
        id
        title
        details
        files {
          id
          path
        }
      }
    }
  `,
};
const MUTATIONS = {
  ConfigurePlugin: gql`
    mutation ConfigurePlugin($plugin_id: ID!, $input: Map!) {
      configurePlugin(plugin_id: $plugin_id, input: $input)
    }
  `,
  RunPluginTask: gql`
    mutation RunPluginTask($plugin_id: ID!, $task_name: String!, $args_map: Map) {
      runPluginTask(plugin_id: $plugin_id, task_name: $task_name, args_map: $args_map)
    }
  `,
  StopJob: gql`
    mutation StopJob($job_id: ID!) {
      stopJob(job_id: $job_id)
    }
  `,
};
const SUBSCRIPTIONS = {
  JobsSubscribe: gql`
    subscription JobsSubscribe {
      jobsSubscribe {
        type
        job {
          id
          status
          subTasks
          description
          progress
          error
          startTime
        }
      }
    }
  `,
  LoggingSubscribe: gql`
    subscription LoggingSubscribe {
      loggingSubscribe {
        time
        level
        message
      }
    }
  `,
};

function named(documents, kind, useIt) {
  return Object.entries(documents).flatMap(([name, document]) => [
    [`${name}Document`, document],
    [`use${name}${kind}`, (options) => useIt(document, options)],
  ]);
}

export const GQL = Object.fromEntries([
  ...named(QUERIES, "Query", useQuery),
  ...named(MUTATIONS, "Mutation", useMutation),
  ...named(SUBSCRIPTIONS, "Subscription", useSubscription),
]);
