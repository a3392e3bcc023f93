/** Settings > Plugins and Settings > Tools, as far as plugins add to them. */
import React from "react";
import { Tab, Tabs } from "react-bootstrap";

import { GQL } from "./documents";
import {
  BooleanSetting,
  LoadingIndicator,
  NumberSetting,
  Setting,
  SettingGroup,
  StringSetting,
} from "./parts";
import { patchedComponent, patchedContainer } from "./patching";

const SettingsContext = React.createContext(null);
const INPUTS = { BOOLEAN: BooleanSetting, NUMBER: NumberSetting, STRING: StringSetting };

export function useSettings() {
  const value = React.useContext(SettingsContext);
  if (!value) throw new Error("useSettings must be used within a SettingsContext");
  return value;
}

function PluginSetting({ pluginID, setting, value, onChange }) {
  const Input = INPUTS[setting.type];
  return (
    <Input
      id={`plugin-${pluginID}-${setting.name}`}
      heading={setting.display_name ?? setting.name}
      subHeading={setting.description}
      value={value ?? (setting.type === "NUMBER" ? 0 : "")}
      checked={value}
      onChange={onChange}
    />
  );
}

const PluginSettings = patchedComponent("PluginSettings", ({ pluginID, settings }) => {
  const { plugins, savePluginSettings } = useSettings();
  const values = plugins[pluginID] ?? {};
  return (
    <div className="plugin-settings">
      {settings.map((setting) => (
        <PluginSetting
          key={setting.name}
          pluginID={pluginID}
          setting={setting}
          value={values[setting.name]}
          onChange={(value) => savePluginSettings(pluginID, { ...values, [setting.name]: value })}
        />
      ))}
    </div>
  );
});

const ToolsSection = patchedContainer("SettingsToolsSection");

export function Settings() {
  const { data: settings, refetch } = GQL.usePluginSettingsQuery();
  const { data } = GQL.usePluginsQuery();
  const [configure] = GQL.useConfigurePluginMutation();
  if (!data || !settings) return <LoadingIndicator />;
  const savePluginSettings = async (plugin_id, input) => {
    await configure({ variables: { plugin_id, input } });
    await refetch();
  };
  return (
    <SettingsContext.Provider value={{ plugins: settings.configuration.plugins, savePluginSettings }}>
      <Tabs id="settings" defaultActiveKey="plugins">
        <Tab eventKey="plugins" title="Plugins">
          {data.plugins.map((plugin) => (
            <SettingGroup
              key={plugin.id}
              settingProps={{ heading: plugin.name, subHeading: plugin.description }}
            >
              <PluginSettings pluginID={plugin.id} settings={plugin.settings} />
            </SettingGroup>
          ))}
        </Tab>
        <Tab eventKey="tools" title="Tools">
          <ToolsSection>
            <Setting heading="Scene filename parser" />
          </ToolsSection>
        </Tab>
      </Tabs>
    </SettingsContext.Provider>
  );
}
