// Command kubernetes holds the servers of a Kubernetes cluster in one program, so that they are compiled and linked once.
// The first argument selects the server; the others are its own.
package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/component-base/cli"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"

	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
)

// run makes a server of a cobra command.
func run(command func() *cobra.Command) func() {
	return func() { os.Exit(cli.Run(command())) }
}

var servers = map[string]func(){
	"apiserver":   run(func() *cobra.Command { return apiserver.NewAPIServerCommand() }),
	"controllers": run(controllers.NewControllerManagerCommand),
	"scheduler":   run(func() *cobra.Command { return scheduler.NewSchedulerCommand() }),
	"proxy":       run(proxy.NewProxyCommand),
	"kubelet":     run(func() *cobra.Command { return kubelet.NewKubeletCommand(context.Background()) }),
	"dns":         serveNames,
	"policies":    enforcePolicies,
}

func main() {
	if len(os.Args) > 1 {
		if start, known := servers[os.Args[1]]; known {
			// The servers read os.Args themselves.
			os.Args = slices.Delete(os.Args, 1, 2)
			start()
			return
		}
	}
	names := make([]string, 0, len(servers))
	for name := range servers {
		names = append(names, name)
	}
	slices.Sort(names)
	fmt.Fprintf(os.Stderr, "usage: kubernetes %s [options]\n", strings.Join(names, "|"))
	os.Exit(2)
}
