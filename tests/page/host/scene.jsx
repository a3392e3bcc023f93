/** A scene's own page, with tabs to which plugins add theirs. */
import React from "react";
import { Nav, Tab } from "react-bootstrap";
import { useParams } from "react-router-dom";

import { GQL } from "./documents";
import { LoadingIndicator } from "./parts";
import { patchedComponent, patchedContainer } from "./patching";

const Tabs = patchedContainer("ScenePage.Tabs");
const TabContent = patchedContainer("ScenePage.TabContent");

const ScenePage = patchedComponent("ScenePage", (props) => {
  const [active, setActive] = React.useState("scene-details-panel");
  const { scene } = props;
  return (
    <div className="scene-tabs order-xl-first order-last">
      <h3 className="scene-header">{scene.title}</h3>
      <Tab.Container activeKey={active} onSelect={(key) => key && setActive(key)}>
        <Nav variant="tabs" className="mr-auto">
          <Tabs {...props}>
            <Nav.Item>
              <Nav.Link eventKey="scene-details-panel">Details</Nav.Link>
            </Nav.Item>
            <Nav.Item>
              <Nav.Link eventKey="scene-edit-panel">Edit</Nav.Link>
            </Nav.Item>
          </Tabs>
        </Nav>
        <Tab.Content>
          <TabContent {...props}>
            <Tab.Pane eventKey="scene-details-panel">
              <p className="pre">{scene.details}</p>
            </Tab.Pane>
            <Tab.Pane eventKey="scene-edit-panel" mountOnEnter>
              <p>Here a scene is edited.</p>
            </Tab.Pane>
          </TabContent>
        </Tab.Content>
      </Tab.Container>
    </div>
  );
});

export function Scene() {
  const { id } = useParams();
  const { data, loading } = GQL.useFindSceneQuery({ variables: { id } });
  if (loading) return <LoadingIndicator />;
  if (!data?.findScene) return <p>No scene found with id {id}.</p>;
  return (
    <div className="row">
      <ScenePage scene={data.findScene} queueScenes={[]} />
    </div>
  );
}
