/** Short messages in a corner, for a few seconds. */
import React from "react";
import { Toast } from "react-bootstrap";

const Toasts = React.createContext(null);

export function ToastProvider({ children }) {
  const [shown, setShown] = React.useState(null);
  const value = React.useMemo(() => {
    const show = (variant) => (content) =>
      setShown({ variant, content: String(content?.message ?? content) });
    return {
      toast: ({ content }) => show("success")(content),
      success: show("success"),
      error: show("danger"),
    };
  }, []);
  return (
    <Toasts.Provider value={value}>
      {children}
      <div className="toast-container row" role="status">
        {shown && (
          <Toast autohide delay={3000} className={shown.variant} onClose={() => setShown(null)}>
            <Toast.Header>
              <span className="mr-auto">{shown.content}</span>
            </Toast.Header>
          </Toast>
        )}
      </div>
    </Toasts.Provider>
  );
}

export function useToast() {
  const value = React.useContext(Toasts);
  if (!value) throw new Error("useToast must be used within a ToastProvider");
  return value;
}
