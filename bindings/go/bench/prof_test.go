package main
import "testing"
func BenchmarkS(b *testing.B) { for b.Loop() { if _, err := ourStream("small")(); err != nil { b.Fatal(err) } } }
func BenchmarkRead(b *testing.B) { for b.Loop() { if _, err := ourRead("small")(); err != nil { b.Fatal(err) } } }
func BenchmarkRun(b *testing.B) { for b.Loop() { if _, err := ourRun(); err != nil { b.Fatal(err) } } }
func BenchmarkHRun(b *testing.B) { for b.Loop() { if _, err := httpRun(); err != nil { b.Fatal(err) } } }
