// Bench compares this package with net/http and encoding/json, against the server of fixed replies at AK_BENCH_URL.
// Each way of each case runs in a process of its own, alternating, so that a busy machine affects all equally.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A way runs a case once, and returns how many units (calls, events) it has done.
type way struct {
	name string
	do   func() (int, error)
}

type benchmark struct {
	name   string
	warmup int
	times  int
	ways   []way // the first is what the others are compared to
}

var benchmarks = []benchmark{
	{"run", 200, 2000, []way{{"net/http", httpRun}, {"agentkernel", ourRun}}},
	{"events 150 B", 1, 3, []way{{"net/http", httpStream("small")}, {"agentkernel", ourStream("small")}, {"agentkernel read", ourRead("small")}}},
	{"events 16 KiB", 1, 3, []way{{"net/http", httpStream("large")}, {"agentkernel", ourStream("large")}, {"agentkernel read", ourRead("large")}}},
	{"read 12 MB", 2, 10, []way{{"net/http", httpReadFile}, {"agentkernel", ourReadFile}, {"agentkernel stream", ourOpenFile()}}},
	{"write 12 MB", 2, 10, []way{{"net/http", httpWriteFile}, {"agentkernel", ourWriteFile}, {"agentkernel stream", ourWriteFileFrom}}},
}

// row is one line of the result.
type row struct {
	Group string  `json:"group"`
	Case  string  `json:"case"`
	Impl  string  `json:"impl"`
	CPU   float64 `json:"cpu_us"`
	Wall  float64 `json:"wall_us"`
	Peak  int     `json:"peak_kb"`
	Ratio float64 `json:"ratio"`
}

func main() {
	rounds := flag.Int("rounds", 5, "rounds of each case")
	only := flag.String("only", "", "cases with this in their names")
	child := flag.Bool("child", false, "measure one way: its case and its name are the arguments")
	flag.Parse()
	if *child {
		measure(flag.Arg(0), flag.Arg(1))
		return
	}
	for _, benchmark := range benchmarks {
		if !strings.Contains(benchmark.name, *only) {
			continue
		}
		taken := make([][]row, len(benchmark.ways))
		for range *rounds {
			for i, way := range benchmark.ways {
				taken[i] = append(taken[i], inChild(benchmark.name, way.name))
			}
		}
		for i, way := range benchmark.ways {
			result := row{Group: "go", Case: benchmark.name, Impl: way.name,
				CPU:  median(taken[i], func(_ int, r row) float64 { return r.CPU }),
				Wall: median(taken[i], func(_ int, r row) float64 { return r.Wall }),
				Peak: int(median(taken[i], func(_ int, r row) float64 { return float64(r.Peak) })),
				// Of the values of each round.
				Ratio: median(taken[i], func(round int, r row) float64 { return r.CPU / taken[0][round].CPU }),
			}
			line, err := json.Marshal(result)
			check(err)
			fmt.Printf("%s\n", line)
		}
	}
}

func inChild(name, way string) (taken row) {
	command := exec.Command(os.Args[0], "-child", name, way)
	command.Stderr = os.Stderr
	said, err := command.Output()
	check(err)
	check(json.Unmarshal(said, &taken))
	return taken
}

func measure(name, which string) {
	for _, benchmark := range benchmarks {
		for _, way := range benchmark.ways {
			if benchmark.name != name || way.name != which {
				continue
			}
			repeat(way, benchmark.warmup)
			cpu, start := cpuTime(), time.Now()
			units := float64(repeat(way, benchmark.times))
			line, err := json.Marshal(row{
				CPU:  float64((cpuTime() - cpu).Microseconds()) / units,
				Wall: float64(time.Since(start).Microseconds()) / units,
				Peak: peak(),
			})
			check(err)
			fmt.Printf("%s\n", line)
			return
		}
	}
	log.Fatal("no such case")
}

func repeat(way way, times int) (units int) {
	for range times {
		done, err := way.do()
		check(err)
		units += done
	}
	return units
}

func median(rows []row, of func(int, row) float64) float64 {
	var values []float64
	for round, row := range rows {
		values = append(values, of(round, row))
	}
	slices.Sort(values)
	return values[len(values)/2]
}

func cpuTime() time.Duration {
	var usage syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func peak() int {
	text, err := os.ReadFile("/proc/self/status")
	check(err)
	_, after, _ := strings.Cut(string(text), "VmHWM:")
	kb, err := strconv.Atoi(strings.Fields(after)[0])
	check(err)
	return kb
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
